"""What is true of the code around a place when control leaves it there for a while?"""

from __future__ import annotations

from fastapi_lint.facts import NONE, Seq
from fastapi_lint.project import Project
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.regions import around
from fastapi_lint.project.flow.call_conditions import is_caught
from fastapi_lint.project.types.values import ContextV, ExternalV, ExtInstanceV, InstanceV, MethodV, Type, Value
from fastapi_lint.repair.state_use import StateUse

_LOCKS = ("threading.Lock", "threading.Semaphore", "threading.Condition", "filelock.BaseFileLock", "redis.lock.Lock")
_CANCELLATIONS = frozenset(
    {"builtins.BaseException", "builtins.GeneratorExit", "asyncio.CancelledError", "asyncio.exceptions.CancelledError"}
)
_LOOP_LOCKS = ("asyncio.Lock", "anyio.Lock")
_HARMLESS = frozenset({"contextlib.suppress", "contextlib.closing", "contextlib.nullcontext", "contextlib.ExitStack"})


class Surroundings:
    """The regions around an event of a coroutine."""

    def __init__(self, project: Project, state: StateUse, frame: Frame, event: int) -> None:
        self._project = project
        self._state = state
        self._frame = frame
        self._event = event
        self._scope = project.index.scope(frame.gid)

    def regions(self) -> list[int]:
        """The numbers of the regions that the event stands in, innermost first."""
        return self._regions_of(self._event)

    def _regions_of(self, event: int) -> list[int]:
        return list(around(self._scope, self._scope.events[event].region))

    def holds_lock(self) -> bool:
        """Whether a thread's lock is held: whoever waits for it would stop the loop that has to come back here."""
        return any(self._is_lock(kind) for kind in self._entered())

    def holds_unknown(self) -> bool:
        """Whether a `with` of unknown nature is open: it may be a lock, or bound to the thread that entered it."""
        return any(
            not self._is_harmless(kind, expr) for kind, expr in zip(self._entered(), self._managers(), strict=True)
        )

    def may_enter(self, expr: int) -> bool:
        """Whether a `with` over this expression takes no lock and is of a known nature."""
        kind = self._project.inference.type(self._frame, expr)
        catalogue = self._project.inference.libraries.catalogue
        if self._is_lock(kind):
            return False
        if kind and all(isinstance(value, ExtInstanceV) and catalogue.type(value.name) is not None for value in kind):
            return True  # also what belongs to the thread that makes it
        return self._is_harmless(kind, expr)

    def _managers(self) -> list[int]:
        return [
            self._scope.regions[number].expr for number in self.regions() if self._scope.regions[number].kind == "with"
        ]

    def _entered(self) -> list[Type]:
        return [self._project.inference.type(self._frame, expr) for expr in self._managers()]

    def _is_lock(self, kind: Type) -> bool:
        libraries = self._project.inference.libraries
        for value in kind:
            if any(libraries.is_a(value, lock) for lock in _LOCKS):
                return True
            if self._locks_inside(value):
                return True
        return False

    def _locks_inside(self, value: Value) -> bool:
        """Whether a context manager of the project takes a lock."""
        nodes = self._project.graph.reach(self._entering(value))
        return any(call.spec.blocks == "sync" for node in nodes for call in node.calls)

    def _entering(self, value: Value) -> list[Frame]:
        """What a context manager of the project runs when it is entered and left."""
        binding, classes = self._project.inference.binding, self._project.inference.classes
        if isinstance(value, ContextV):
            return [binding.frame_of(value.function)]
        if not isinstance(value, InstanceV):
            return []
        methods = [classes.find_method(value.gid, name) for name in ("__enter__", "__exit__")]
        return [binding.frame_of(MethodV(method, value)) for method in methods if method is not None]

    def _is_harmless(self, kind: Type, expr: int) -> bool:
        if not kind:
            return self._is_harmless_call(expr)
        catalogue = self._project.inference.libraries.catalogue
        for value in kind:
            if isinstance(value, ExtInstanceV):
                if catalogue.type(value.name) is None or catalogue.threads(value.name) == "same":
                    return False
            elif not self._entering(value):
                return False
        return True

    def _is_harmless_call(self, expr: int) -> bool:
        node = self._scope.exprs[expr]
        func = getattr(node, "func", NONE)
        kind = self._project.inference.type(self._frame, func) if func != NONE else ()
        return bool(kind) and all(isinstance(value, ExternalV) and value.name in _HARMLESS for value in kind)

    def is_tried(self) -> bool:
        """Whether a `try` of the function is around: its handlers see what was bound before an exception."""
        return any(self._scope.regions[number].kind == "try" for number in self.regions())

    def handles_cancellation(self) -> bool:
        """Whether the place is in a handler that runs for a cancelled task, too, as every `finally` does.

        A task may be cancelled more than once, and AnyIO's scopes cancel at each `await`: what has no `await` is sure
        to be done there, what is awaited is not.
        """
        regions = [self._scope.regions[number] for number in self.regions()]
        if any(region.kind == "finally" for region in regions):
            return True
        handlers = [region.expr for region in regions if region.kind == "except"]
        return any(expr != NONE and self.names_cancellation(expr) for expr in handlers)

    def names_cancellation(self, expr: int) -> bool:
        """Whether a handler of this class, or tuple of classes, gets the exception of a cancelled task."""
        node = self._scope.exprs[expr]
        if isinstance(node, Seq):
            return any(self.names_cancellation(item) for item in node.items)
        kind = self._project.inference.type(self._frame, expr)
        return any(isinstance(value, ExternalV) and value.name in _CANCELLATIONS for value in kind)

    def catches(self, exception: str) -> bool:
        """Whether a `try` around waits for this very exception: StopIteration cannot come out of a thread."""
        return is_caught(self._project.inference, self._frame, self._scope.events[self._event].region, exception)

    def is_between_check_and_act(self) -> bool:
        """Whether shared state is looked at before and written after the place: others would get in between.

        In a loop each round counts for itself: what is looked at and written behind the place stays together. Who
        holds a lock of the event loop around all of it has seen to that.
        """
        guarded = self.guarded_events()
        looked_at: dict[tuple[str, str], bool] = {}
        written: dict[tuple[str, str], bool] = {}
        for touch in self._state.touches(self._frame):
            if touch.event < self._event:
                looked_at[touch.key] = looked_at.get(touch.key, True) and touch.event in guarded
            elif touch.how != "read":
                written[touch.key] = written.get(touch.key, True) and touch.event in guarded
        return any(not (looked_at[key] and written[key]) for key in looked_at.keys() & written.keys())

    def is_exclusive(self) -> bool:
        """Whether a lock of the event loop keeps other runs of the code away from the place."""
        return bool(self.guarded_events())

    def guarded_events(self) -> set[int]:
        """The events under the same lock of the event loop as this one."""
        locks = {
            number
            for number in self.regions()
            if self._scope.regions[number].kind == "async-with" and self._is_loop_lock(self._scope.regions[number].expr)
        }
        if not locks:
            return set()
        return {number for number in range(len(self._scope.events)) if locks & set(self._regions_of(number))}

    def _is_loop_lock(self, expr: int) -> bool:
        libraries = self._project.inference.libraries
        kind = self._project.inference.type(self._frame, expr)
        return bool(kind) and all(any(libraries.is_a(value, lock) for lock in _LOOP_LOCKS) for value in kind)

    def is_inside_iteration(self) -> bool:
        """Whether a loop around the place goes through a container that other code adds to or takes from."""
        for number in self.regions():
            region = self._scope.regions[number]
            if region.kind == "loop" and region.expr != NONE:
                if self._state.iterated(self._frame, region.expr) is not None:
                    return True
        return False
