"""What do requests leave behind that tells no request anything?

A text that says how something went last (`_last_failure = "queue_full"`), which only code reads that nothing known
runs, apart from what goes to the log; and a set into which things are put, and taken out, but that nobody looks at.
"""

from __future__ import annotations

from collections.abc import Callable

from fastapi_lint.facts import NONE, Attr, Call, EventKind, Import, Lit, Scope
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.name_uses import NameUse, name_uses
from fastapi_lint.project.code.onward import ends
from fastapi_lint.project.code.spelling import behind_names
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.serving.contexts import Contexts
from fastapi_lint.project.serving.request_data import RequestData
from fastapi_lint.project.shared.bounded_caches import Name, last_part
from fastapi_lint.project.shared.changes import Change, Changes
from fastapi_lint.project.shared.counts import Counts
from fastapi_lint.project.types.values import ExtInstanceV

_SETS = frozenset({EventKind.REBIND, EventKind.STORE_ATTR})
_TAKES_OUT = frozenset({"clear", "difference_update", "discard", "remove"})
_PUTS_IN = frozenset({"add", "append", "update"})


class Untold:
    """Looked for among all changes of request code."""

    def __init__(
        self,
        graph: Graph,
        contexts: Contexts,
        changes: Changes,
        counts: Counts,
        request_data: RequestData,
        is_served: Callable[[int], bool],
    ) -> None:
        self._index = graph.index
        self._inference = graph.inference
        self._contexts = contexts
        self._changes = changes
        self._counts = counts
        self._request_data = request_data
        self._is_served = is_served

    def find(self) -> frozenset[Name]:
        """The texts and sets of which every use is of such a kind. An object may hand on what is not its own affair."""
        sites = {name: found for name, found in self._changes.by_name.items() if _is_private(name)}
        texts = {name for name, found in sites.items() if all(self._is_text(*one) for one in found)}
        tables = {name for name, found in sites.items() if all(_is_put_or_taken(*one) for one in found)}
        uses = name_uses(self._index, frozenset(map(last_part, texts | tables)))
        return frozenset(
            {name for name in texts if self._is_for_nobody(sites[name], uses[last_part(name)])}
            | {name for name in tables if self._is_never_looked_at(uses[last_part(name)])}
        )

    # -- texts

    def _is_text(self, frame: Frame, change: Change) -> bool:
        event = change.event
        if event.kind not in _SETS or event.flag or event.value == NONE:
            return False
        node = frame.scope.exprs[behind_names(frame.scope, event.value)]
        if isinstance(node, Lit):
            return node.value is None or isinstance(node.value, str)
        if self._request_data.is_from_request(frame.gid, event.value):
            return False  # whoever reads it, unseen perhaps, is told of another request
        kind = self._inference.type(frame, event.value)
        return bool(kind) and all(isinstance(one, ExtInstanceV) and one.name == "builtins.str" for one in kind)

    def _is_for_nobody(self, found: list[tuple[Frame, Change]], uses: list[NameUse]) -> bool:
        is_read = any(not self._contexts.categories(use.gid) for use in uses if self._is_served(use.gid))
        return is_read and all(map(self._is_unasked, uses)) and self._counts.only_logs(found, uses)

    def _is_unasked(self, use: NameUse) -> bool:
        """Whether a function that reads a text serves requests, which is looked at elsewhere, or runs for nobody."""
        scope = self._index.scope(use.gid)
        if scope.kind == "module" or not self._is_served(use.gid):
            return not isinstance(scope.exprs[use.expr], Import)
        categories = self._contexts.categories(use.gid)
        if scope.kind != "function" or isinstance(scope.exprs[use.expr], Import):
            return False
        return "request" in categories or not (categories or (scope.is_async and self._contexts.serves(use.gid)))

    # -- sets

    def _is_never_looked_at(self, uses: list[NameUse]) -> bool:
        served = [use for use in uses if self._is_served(use.gid)]
        methods = [_called(self._index.scope(use.gid), use) for use in served]
        return not _TAKES_OUT.isdisjoint(methods) and all(methods)


def _is_private(name: Name) -> bool:
    """Whether a name is a module's variable, or no part of what an object shows when it is handed out as a whole."""
    return "." not in name[0] or last_part(name).startswith("_")


def _is_put_or_taken(frame: Frame, change: Change) -> bool:
    node = frame.scope.exprs[change.event.expr] if change.event.kind == EventKind.CALL else None
    func = frame.scope.exprs[node.func] if isinstance(node, Call) else None
    return isinstance(func, Attr) and func.name in _PUTS_IN | _TAKES_OUT


def _called(scope: Scope, use: NameUse) -> str:
    """The method that puts something in or takes it out, if that is all that a use does; empty for all others."""
    func = scope.exprs[use.holder] if use.holder != NONE else None
    if not isinstance(func, Attr) or func.name not in _PUTS_IN | _TAKES_OUT:
        return ""
    call = next((n for n, one in enumerate(scope.exprs) if isinstance(one, Call) and one.func == use.holder), NONE)
    return func.name if call != NONE and not any(True for _ in ends(scope, call)) else ""
