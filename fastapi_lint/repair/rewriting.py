"""Is a file read, and what was read written back, with nothing in between?

The event loop runs that in one go. With one half in a thread another request reads the old content meanwhile, and the
one that writes last undoes what the other one wrote.
"""

from __future__ import annotations

from functools import cached_property

from fastapi_lint.facts import Call, EventKind, Scope
from fastapi_lint.project import BlockingUse, Project
from fastapi_lint.project.code.regions import around
from fastapi_lint.repair.dataflow import reaches


class Rewrites:
    """Looks at the places of one function that work with files."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def splits(self, use: BlockingUse) -> bool:
        """Whether a place is one half of reading a file and writing it back, without an `await` between them.

        It may have been reported for something else that happens there, such as a lock of the file.
        """
        scope = self._project.index.scope(use.frame.gid)
        opens = self._events.get(use.frame.gid, {})
        if use.event not in opens:
            return False
        for other in opens:
            first, last = min(other, use.event), max(other, use.event)
            if first != last and not _awaits(scope, first, last) and _feeds(scope, first, last, opens.get(last, False)):
                return True
        return False

    @cached_property
    def _events(self) -> dict[int, dict[int, bool]]:
        """By function the places that work with files, and whether what they give is an open one."""
        found: dict[int, dict[int, bool]] = {}
        for use in self._project.blocking("file"):
            opens = use.edge is None and use.call.spec.returns is not None
            found.setdefault(use.frame.gid, {})[use.event] = opens
        return found


def _awaits(scope: Scope, first: int, last: int) -> bool:
    return any(event.kind == EventKind.AWAIT for event in scope.events[first + 1 : last])


def _feeds(scope: Scope, first: int, last: int, opens: bool) -> bool:
    """Whether what the first place gives reaches the last one, or a call that works with what the last one opens."""
    source, target = scope.events[first], scope.events[last]
    if target.kind != EventKind.CALL or _is_held(scope, target.region, source.expr):
        return False  # a property writes nothing; what is under one `with` moves together
    for event in scope.events[last:]:
        node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
        if isinstance(node, Call):
            given = (*node.args, *(value for _, value in node.keywords))
            if event is target or (opens and reaches(scope, (node.func, *given), target.expr, is_same=True)):
                if reaches(scope, given, source.expr):
                    return True
    return False


def _is_held(scope: Scope, region: int, opened: int) -> bool:
    blocks = (scope.regions[number] for number in around(scope, region))
    return any(block.kind == "with" and block.expr == opened for block in blocks)
