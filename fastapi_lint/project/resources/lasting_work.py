"""Is something made for work that goes on until it is stopped?

`jobs.submit(watcher.observe)`, and `observe` connects and then asks `while not self.stopped.is_set()`, with a pause in
each pass: its client serves all passes, and a request only starts that.
"""

from __future__ import annotations

from collections.abc import Iterator

from fastapi_lint.facts import NONE, Attr, Bin, Call, EventKind, Lit, Scope
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.regions import around, within
from fastapi_lint.project.flow.nodes import LibraryCall
from fastapi_lint.project.serving.reach import Reach
from fastapi_lint.project.types.inference import Inference
from fastapi_lint.project.types.values import ExternalV, ExtMemberV

_APART = frozenset({"task", "offloaded", "new-loop"})
_PAUSES = frozenset({"anyio.sleep", "asyncio.sleep", "time.sleep", "trio.sleep"})
_LEAVES = frozenset({EventKind.BREAK, EventKind.RETURN, EventKind.YIELD})


class LastingWork:
    """Answers for what `reach` says that requests reach."""

    def __init__(self, inference: Inference, reach: Reach) -> None:
        self._inference = inference
        self._reach = reach

    def needs(self, frame: Frame, call: LibraryCall) -> bool:
        """Whether a function that runs apart from the request makes it, and then does not end by itself."""
        scope = frame.scope
        if not 0 <= call.event < len(scope.events):
            return False
        made_in = scope.events[call.event].region
        loops = [n for n in _endless(scope, call.event) if made_in in around(scope, scope.regions[n].parent)]
        return bool(loops) and self._is_apart(frame) and any(self._pauses(frame, loop) for loop in loops)

    def _is_apart(self, frame: Frame) -> bool:
        """Whether no request waits for a frame: it is started as a task, or in a thread, and nothing awaits it."""
        entries = self._reach.entry_of(frame)
        if any(entry.kind != "background-task" for entry in entries):
            return False
        modes = {edge.mode for _, edge in self._reach.callers(frame)}
        if "coroutine" in modes or not (entries or modes & _APART):
            return False
        return any(entry.kind != "websocket" for entry in self._reach.entries(frame))  # work for one connection

    def _pauses(self, frame: Frame, loop: int) -> bool:
        scope = frame.scope
        for event in scope.events:
            node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
            if isinstance(node, Call) and within(scope, event.region, (loop,)):
                for value in self._inference.type(frame, node.func):
                    if isinstance(value, ExternalV) and value.name in _PAUSES:
                        return True
                    if isinstance(value, ExtMemberV) and value.path == "wait":
                        return True
        return False


def _endless(scope: Scope, since: int) -> Iterator[int]:
    """The `while` loops behind an event that only a flag ends, or nothing."""
    iterated = {event.expr for event in scope.events if event.kind == EventKind.ITER}
    later = {number for event in scope.events[since + 1 :] for number in around(scope, event.region)}
    for number in sorted(later):
        region = scope.regions[number]
        if region.kind != "loop" or region.expr == NONE or region.expr in iterated or not _is_flag(scope, region.expr):
            continue
        if not any(e.kind in _LEAVES and within(scope, e.region, (number,)) for e in scope.events):
            yield number


def _is_flag(scope: Scope, test: int) -> bool:
    """`True`, `self.running`, `not stopped.is_set()`: nothing that the passes of a loop work towards."""
    node = scope.exprs[test]
    if isinstance(node, Bin) and node.op == "not":
        node = scope.exprs[node.left]
    if isinstance(node, Call) and not node.args:
        func = scope.exprs[node.func]
        return isinstance(func, Attr) and func.name == "is_set"
    return isinstance(node, Attr) or node in (Lit(True), Lit(1))
