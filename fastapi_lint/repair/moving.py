"""May this call be handed to a thread while its coroutine waits?"""

from __future__ import annotations

from fastapi_lint.facts import Attr, Call, Param, Star, Use
from fastapi_lint.project import BlockingUse, Project
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.repair.cancelling import Cancelling
from fastapi_lint.repair.interruptions import Interruptions
from fastapi_lint.repair.outside import Outside
from fastapi_lint.repair.ownership import Ownership
from fastapi_lint.repair.rewriting import Rewrites
from fastapi_lint.repair.shared_steps import SharedSteps
from fastapi_lint.repair.state_use import StateUse
from fastapi_lint.repair.steps import Steps
from fastapi_lint.repair.surroundings import Surroundings
from fastapi_lint.repair.threads import Given, Risk, ThreadSafety

_THREAD_PRIMITIVES = ("threading.Lock", "threading.Condition", "threading.Semaphore", "threading.Barrier")

_LAZY = frozenset(
    {"builtins.enumerate", "builtins.filter", "builtins.iter", "builtins.map", "builtins.reversed", "builtins.zip"}
)


class Moving:
    """Looks at a call from both sides: what it runs, and what goes on around it."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._state = StateUse(project)
        self.threads = ThreadSafety(project, self._state)
        self._ownership = Ownership(project)
        self._rewrites = Rewrites(project)
        self._steps = Steps(project)
        self._shared_steps = SharedSteps(project)
        self.outside = Outside(project, self._state)
        self._cancelling = Cancelling(project, self.outside)
        self._interruptions = Interruptions(project, self._state, self.outside)

    def pause(self, use: BlockingUse) -> Risk | None:
        """What speaks against leaving control at the place at all."""
        around = self.around(use)
        if around.holds_lock():
            return Risk("a lock is held")
        if around.is_inside_iteration():
            return Risk("a shared container may grow or shrink while the loop goes through it")
        if around.is_between_check_and_act():
            return Risk("shared state is looked at before and written after")
        if self._shared_steps.splits(use, around.guarded_events()):
            return Risk("what is called before and behind it takes two halves of one step with shared state")
        if self._rewrites.splits(use):
            return Risk("a file is read and written back")
        if self._steps.splits(use):
            return Risk("a caller reads something and writes it back, and nothing waits in between")
        return None

    def around(self, use: BlockingUse) -> Surroundings:
        """What is true around the place of a use."""
        return self.around_event(use.frame, use.event)

    def around_event(self, frame: Frame, event: int) -> Surroundings:
        """What is true around an event of a coroutine."""
        return Surroundings(self._project, self._state, frame, event)

    def is_sure(self, use: BlockingUse) -> bool:
        """Whether nothing around the place is unknown."""
        return not self.around(use).holds_unknown()

    def is_after_cancellation(self, use: BlockingUse) -> bool:
        """Whether the place is in a handler that a cancelled task comes to: it might not wait for a thread there."""
        return self.around(use).handles_cancellation()

    def call(self, use: BlockingUse) -> Risk | None:
        """What speaks against handing the reported call to a thread."""
        risk = self.pause(use)
        around = self.around(use)
        if risk is None and (reason := self.threads.thread_bound.reason(use.call)):
            risk = Risk(reason)
        if risk is None and around.holds_unknown():
            risk = Risk("what the `with` around it holds is not known")
        if risk is None and self.is_after_cancellation(use):
            risk = Risk("the task may be cancelled already")
        if risk is None and around.catches("builtins.StopIteration"):
            risk = Risk("StopIteration cannot leave a thread")
        if risk is None and self._waits_for_primitive(use):
            risk = Risk("a thread's lock belongs to the thread that takes it")
        return risk or self._what_runs(use) or self.beside_others(use.frame, {use.event})

    def beside_others(self, frame: Frame, events: set[int]) -> Risk | None:
        """What speaks against running events of a coroutine in a thread while others run, or cancel the coroutine."""
        if self._steps.is_ordered(frame):
            return Risk("tasks that wait for nothing run in the order in which they are started")
        if self._cancelling.overlooks(frame, events):
            return Risk("who cancels the task looks at once for what is started here")
        if not self.around_event(frame, min(events)).is_exclusive():
            risk = self.outside.of_events(frame, events)
            if risk is not None:
                return risk
        return self._interruptions.of(frame, events)

    def _waits_for_primitive(self, use: BlockingUse) -> bool:
        """`lock.acquire()`: what was taken in a thread would be held by it, or by nobody if the task is cancelled."""
        name = use.call.name.rpartition(".")[0]
        catalogue = self._project.inference.libraries.catalogue
        return use.edge is None and any(catalogue.is_subtype(name, primitive) for primitive in _THREAD_PRIMITIVES)

    def _what_runs(self, use: BlockingUse) -> Risk | None:
        frame = use.frame
        scope = self._project.index.scope(frame.gid)
        expr = scope.events[use.event].expr
        node = scope.exprs[expr]
        if not isinstance(node, Call):
            return Risk("only calls are handed to threads")
        handed = [*node.args, *(value for _, value in node.keywords)]
        func = scope.exprs[node.func]
        base = func.base if isinstance(func, Attr) else None
        if any(callee.name in _LAZY for callee in self._project.inference.calls.callees(frame, node)):
            return Risk("the call only makes something that runs later")
        risk = self.threads.of_call_name(frame, expr, is_moved=True)
        risk = risk or self.threads.of_result(self._project.inference.type(frame, expr))
        risk = risk or self.threads.of_event(frame, use.event) or self.threads.of_values(frame, handed)
        if risk is None and base is not None:
            risk = self.threads.of_receiver(frame, base)
        if risk is None:
            risk = self.threads.of_containers(frame, node)
        if risk is None and use.edge is None and _is_lazy(use.call.name):
            risk = Risk("the call only makes something that blocks later")
        own_arguments = all(self._ownership.is_own(frame, self._plain(frame, expr)) for expr in handed)
        given = Given(self._has_receiver_alone(frame, base), own_arguments)
        return risk or self.threads.of_callees(self._callees(use), given)

    def _plain(self, frame: Frame, expr: int) -> int:
        node = self._project.index.scope(frame.gid).exprs[expr]
        return node.value if isinstance(node, Star) else expr

    def _callees(self, use: BlockingUse) -> list[Frame]:
        """Every function of the project that the event runs."""
        node = self._project.graph.node(use.frame)
        return [edge.callee for edge in node.edges if edge.event == use.event and edge.mode in ("runs", "once")]

    def _has_receiver_alone(self, frame: Frame, base: int | None) -> bool:
        """Whether the object whose method runs was made for this call of the coroutine."""
        if base is None:
            return False
        scope = self._project.index.scope(frame.gid)
        node = scope.exprs[base]
        if isinstance(node, Use) and any(isinstance(scope.exprs[scope.defs[n].value], Param) for n in node.defs):
            return self._ownership.is_own(frame, base)
        return isinstance(node, (Use, Call)) and self._ownership.is_own(frame, base)


def _is_lazy(name: str) -> bool:
    """Whether a library's method gives an iterator that does the work: its name says so."""
    method = name.rpartition(".")[2]
    return method.startswith("iter") or method.endswith("_iter") or method in ("stream", "paginate", "walk")
