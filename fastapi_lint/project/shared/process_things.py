"""Does a change put in or take out what is this process's alone: tasks, locks, queues, clients, child processes?"""

from __future__ import annotations

from fastapi_lint.facts import NONE, Attr, Call, Event, EventKind, Scope
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.spelling import behind_names
from fastapi_lint.project.shared.caches import Caches
from fastapi_lint.project.shared.containers import CONTAINERS
from fastapi_lint.project.shared.locks import Locks
from fastapi_lint.project.types.inference import Inference
from fastapi_lint.project.types.values import CoroutineV, ExternalV, ExtInstanceV, InstanceV, Value

_PRIMITIVES = frozenset(
    {"asyncio.Task", "asyncio.Future", "asyncio.Event", "asyncio.Queue", "asyncio.Condition", "asyncio.TimerHandle"}
)
_RUNNING_LOOP = frozenset({"asyncio.get_event_loop", "asyncio.get_running_loop"})
_CHILDREN = frozenset(
    {
        "asyncio.subprocess.Process",
        "concurrent.futures.Future",
        "multiprocessing.Process",
        "subprocess.Popen",
        "threading.Thread",
    }
)
_COLLECTS = frozenset({"add", "append", "discard", "remove"})
_QUEUE = "asyncio.Queue"
_BUSY = frozenset({"asyncio.Task", "fastapi.WebSocket"})
_MOST_HELD = 20


class ProcessThings:
    """Asked for each change of request code."""

    def __init__(self, inference: Inference, locks: Locks, caches: Caches) -> None:
        self._inference = inference
        self._locks = locks
        self._caches = caches
        self._ends: dict[int, bool] = {}

    def are_changed(self, frame: Frame, event: Event) -> bool:
        """Whether what is put in, or what the container is declared to hold, are tasks, locks, queues or clients."""
        held = self._held(frame, event)
        if any(self._locks.is_lock(value) or _is_task(value) for value in held) or self._is_own_loop(frame, event):
            return True
        if _collects(frame.scope, event):  # what is kept by a key is for other requests to find
            return any(isinstance(value, ExtInstanceV) and value.name in _CHILDREN for value in held)
        is_kept = event.kind in (EventKind.STORE_ITEM, EventKind.STORE_ATTR)
        return is_kept and self._caches.is_client(frame, event.value)

    def _is_own_loop(self, frame: Frame, event: Event) -> bool:
        """Whether the loop that runs here is noted, beside what belongs to it: `queue_loop = get_running_loop()`."""
        scope = frame.scope
        node = scope.exprs[behind_names(scope, event.value)] if event.value != NONE else None
        called = self._inference.type(frame, node.func) if isinstance(node, Call) else ()
        return any(isinstance(value, ExternalV) and value.name in _RUNNING_LOOP for value in called)

    def are_ends(self, frame: Frame, event: Event) -> bool:
        """Whether these are objects of the project around a queue, from which an open stream of this process reads."""
        return any(isinstance(value, InstanceV) and self._wraps_queue(value) for value in self._held(frame, event))

    def _held(self, frame: Frame, event: Event) -> list[Value]:
        """What a change puts in, and what the container is declared to hold, in lists of its items, too."""
        scope = frame.scope
        node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
        func = scope.exprs[node.func] if isinstance(node, Call) else None
        base = func.base if isinstance(func, Attr) else event.expr
        given = [event.value] if not isinstance(node, Call) else [*node.args]
        held = [value for expr in given if expr != NONE for value in self._inference.type(frame, expr)]
        todo = list(self._inference.type(frame, base)) if base != NONE else []
        for value in todo:  # grows by the items that are containers themselves
            if isinstance(value, ExtInstanceV) and len(todo) < _MOST_HELD:
                inside = [inner for argument in value.args for inner in argument]
                todo += [inner for inner in inside if isinstance(inner, ExtInstanceV) and inner.name in CONTAINERS]
                held += inside
        return held

    def _wraps_queue(self, value: InstanceV) -> bool:
        known = self._ends.get(value.gid)
        if known is None:
            init = self._inference.classes.find_method(value.gid, "__init__")
            names = {event.name for event in self._inference.index.stores(init.gid)} if init is not None else set()
            kept = [one for name in names for one in self._inference.attribute(value, name)]
            kinds = {one.name for one in kept if isinstance(one, ExtInstanceV)}
            is_busy = any(isinstance(one, CoroutineV) for one in kept)
            known = self._ends[value.gid] = _QUEUE in kinds and not is_busy and not kinds & _BUSY
        return known


def _is_task(value: object) -> bool:
    if isinstance(value, CoroutineV):  # what `create_task` gives awaits to the coroutine's result
        return True
    return isinstance(value, ExtInstanceV) and value.name in _PRIMITIVES


def _collects(scope: Scope, event: Event) -> bool:
    """Whether a change puts something into a set or a list, or takes that out: `children.add(process)`."""
    node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
    func = scope.exprs[node.func] if isinstance(node, Call) else None
    return isinstance(func, Attr) and func.name in _COLLECTS
