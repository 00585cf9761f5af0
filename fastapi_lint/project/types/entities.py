"""The objects of which mapped class does a query give?

Legacy queries (`session.query(Build)`), statements (`select(Build)`) and their results, as long as nothing in between
changes what is selected, or says how relationships are loaded (`options`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fastapi_lint.facts import NONE, Attr, Call, Phi, Use
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.types.values import ClassV, ExternalV

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

SESSIONS = ("sqlalchemy.orm.Session.", "sqlalchemy.orm.scoped_session.", "sqlmodel.Session.")
"""What the names of all methods of synchronous sessions start with."""

_DEEPEST = 12
_SELECTS = frozenset({"sqlalchemy.select", "sqlalchemy.future.select", "sqlalchemy.sql.select", "sqlmodel.select"})
_SAME_OBJECTS = frozenset(
    {
        "filter", "filter_by", "where", "order_by", "limit", "offset", "distinct", "join", "outerjoin", "slice",
        "with_for_update", "populate_existing", "execution_options", "unique", "yield_per",
    }
)  # fmt: skip
"""What changes which objects a query gives, but neither their class nor how their relationships are loaded."""


class Entities:
    """Answers are classes by their numbers; NONE where a query gives anything else, or nothing is known."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference

    def of_query(self, frame: Frame, expr: int, depth: int = 0) -> int:
        """The class of what a query, or the result of one, gives."""
        return self._followed(frame, expr, depth, self._of_called)

    def of_statement(self, frame: Frame, node: Call, depth: int = 0) -> int:
        """The class of what a session's method gives that is handed a statement first."""
        if not node.args or "options" in dict(node.keywords):
            return NONE
        return self._followed(frame, node.args[0], depth + 1, self._of_selected)

    def named(self, frame: Frame, expr: int) -> int:
        """The class that an expression is."""
        kind = self._inference.type(frame, expr)
        return kind[0].gid if len(kind) == 1 and isinstance(kind[0], ClassV) else NONE

    def _followed(self, frame: Frame, expr: int, depth: int, of_call: Callable[[Frame, Call, int], int]) -> int:
        """What a call gives; what a name gives if all its definitions give the same."""
        node = frame.scope.exprs[expr]
        if depth > _DEEPEST:
            return NONE
        if isinstance(node, (Use, Phi)):
            values = {self._followed(frame, frame.scope.defs[n].value, depth + 1, of_call) for n in node.defs}
            return next(iter(values)) if len(values) == 1 else NONE
        return of_call(frame, node, depth) if isinstance(node, Call) else NONE

    def _of_called(self, frame: Frame, node: Call, depth: int) -> int:
        func = frame.scope.exprs[node.func]
        if not isinstance(func, Attr):
            return NONE
        names = [one.name if one.frame is None else "" for one in self._inference.calls.callees(frame, node)]
        if names and all(name.startswith(SESSIONS) for name in names):
            if func.name == "query":
                return self.named(frame, node.args[0]) if len(node.args) == 1 else NONE
            return self.of_statement(frame, node, depth) if func.name in ("execute", "scalars", "exec") else NONE
        is_same = len(names) == 1 and func.name in _SAME_OBJECTS | {"scalars"}
        return self.of_query(frame, func.base, depth + 1) if is_same else NONE

    def _of_selected(self, frame: Frame, node: Call, depth: int) -> int:
        func = frame.scope.exprs[node.func]
        if self._is_select(frame, node):
            return self.named(frame, node.args[0]) if len(node.args) == 1 else NONE
        if isinstance(func, Attr) and func.name in _SAME_OBJECTS:
            return self._followed(frame, func.base, depth + 1, self._of_selected)
        return NONE

    def _is_select(self, frame: Frame, node: Call) -> bool:
        func = frame.scope.exprs[node.func]
        if isinstance(func, Attr) and func.name != "select":
            return False
        kind = self._inference.type(frame, node.func)
        return any(isinstance(value, ExternalV) and value.name in _SELECTS for value in kind)
