"""The objects of which mapped class does a query give, and which relationships does it say how to load?

Legacy queries (`session.query(Build)`), statements (`select(Build)`) and their results, as long as nothing in between
changes what is selected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import msgspec

from fastapi_lint.facts import Attr, Call, Phi, Use
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.kept_answers import KeptAnswers
from fastapi_lint.project.types.values import ClassV, ExternalV

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

SESSIONS = ("sqlalchemy.orm.Session.", "sqlalchemy.orm.scoped_session.", "sqlmodel.Session.")
"""What the names of all methods of synchronous sessions start with."""

_SELECTS = frozenset({"sqlalchemy.select", "sqlalchemy.future.select", "sqlalchemy.sql.select", "sqlmodel.select"})
_SAME_OBJECTS = frozenset(
    {
        "filter", "filter_by", "where", "order_by", "limit", "offset", "distinct", "join", "outerjoin", "slice",
        "with_for_update", "populate_existing", "execution_options", "unique", "yield_per",
    }
)  # fmt: skip
"""What changes which objects a query gives, but neither their class nor how their relationships are loaded."""
_LOADERS = frozenset(
    {
        "joinedload", "selectinload", "subqueryload", "immediateload", "contains_eager", "noload", "raiseload",
        "of_type", "with_expression", "selectin_polymorphic", "options",
    }
)  # fmt: skip
_LAZY_LOADERS = frozenset({"lazyload", "load_only", "defer", "undefer"})
"""Options that load nothing earlier than it is read, or columns only."""


class Entity(msgspec.Struct, frozen=True):
    """Objects of the mapped class `gid`; how to load the attributes that are `named` is said, however."""

    gid: int
    named: frozenset[str] = frozenset()


_OfCall = Callable[[Frame, Call], "Entity | None"]


class Entities:
    """None where a query gives anything else, or where it is not known how it loads what."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._queries: KeptAnswers[Entity] = KeptAnswers(inference)
        self._statements: KeptAnswers[Entity] = KeptAnswers(inference)

    def of_query(self, frame: Frame, expr: int) -> Entity | None:
        """What a query, or the result of one, gives."""
        return self._followed(frame, expr, self._of_called)

    def of_statement(self, frame: Frame, node: Call) -> Entity | None:
        """What a method of a session gives that is handed a statement first."""
        if not node.args or "options" in dict(node.keywords):
            return None
        return self._followed(frame, node.args[0], self._of_selected)

    def of_class(self, frame: Frame, expr: int) -> Entity | None:
        """The objects of the class that an expression is."""
        kind = self._inference.type(frame, expr)
        return Entity(kind[0].gid) if len(kind) == 1 and isinstance(kind[0], ClassV) else None

    def _followed(self, frame: Frame, expr: int, of_call: _OfCall) -> Entity | None:
        """What a call gives; what a name gives if all its definitions give objects of the same class."""
        kept = self._queries if of_call == self._of_called else self._statements
        return kept.get((frame, expr), lambda: self._find(frame, expr, of_call))

    def _find(self, frame: Frame, expr: int, of_call: _OfCall) -> Entity | None:
        node = frame.scope.exprs[expr]
        if isinstance(node, (Use, Phi)):
            found = [self._followed(frame, frame.scope.defs[number].value, of_call) for number in node.defs]
            known = [one for one in found if one is not None]
            if not known or len(known) < len(found) or len({one.gid for one in known}) > 1:
                return None
            return Entity(known[0].gid, frozenset().union(*(one.named for one in known)))
        return of_call(frame, node) if isinstance(node, Call) else None

    def _of_called(self, frame: Frame, node: Call) -> Entity | None:
        func = frame.scope.exprs[node.func]
        if not isinstance(func, Attr):
            return None
        names = [one.name if one.frame is None else "" for one in self._inference.calls.callees(frame, node)]
        if names and all(name.startswith(SESSIONS) for name in names):
            if func.name == "query":
                return self.of_class(frame, node.args[0]) if len(node.args) == 1 else None
            return self.of_statement(frame, node) if func.name in ("execute", "scalars", "exec") else None
        if len(names) != 1:
            return None
        if func.name == "options":
            return self._with_options(frame, node, self.of_query(frame, func.base))
        return self.of_query(frame, func.base) if func.name in _SAME_OBJECTS | {"scalars"} else None

    def _of_selected(self, frame: Frame, node: Call) -> Entity | None:
        func = frame.scope.exprs[node.func]
        if self._is_select(frame, node):
            return self.of_class(frame, node.args[0]) if len(node.args) == 1 else None
        if not isinstance(func, Attr):
            return None
        if func.name == "options":
            return self._with_options(frame, node, self._followed(frame, func.base, self._of_selected))
        if func.name in _SAME_OBJECTS:
            return self._followed(frame, func.base, self._of_selected)
        return None

    def _with_options(self, frame: Frame, node: Call, entity: Entity | None) -> Entity | None:
        """The same objects, and the attributes that the options are about."""
        if entity is None or node.keywords:
            return None
        named = set(entity.named)
        for option in node.args:
            found = list(self._attributes_in(frame, option))
            if None in found or not found:
                return None
            named.update(name for name in found if name is not None)
        return Entity(entity.gid, frozenset(named))

    def _attributes_in(self, frame: Frame, expr: int) -> Iterator[str | None]:
        """What an option names (`selectinload(User.items).joinedload(Item.tags)`), None for what cannot be read."""
        node = frame.scope.exprs[expr]
        if not isinstance(node, Call) or node.keywords or not node.args:
            yield None
            return
        func = frame.scope.exprs[node.func]
        loader = self._loader(frame, node)
        if isinstance(func, Attr) and isinstance(frame.scope.exprs[func.base], Call):
            loader = func.name
            yield from self._attributes_in(frame, func.base)
        if loader not in _LOADERS | _LAZY_LOADERS:
            yield None
        for argument in node.args:
            named = frame.scope.exprs[argument]
            if isinstance(named, Call):
                yield from self._attributes_in(frame, argument)
            elif isinstance(named, Attr) and self.of_class(frame, named.base) is not None:
                yield "" if loader in _LAZY_LOADERS else named.name
            else:
                yield None

    def _loader(self, frame: Frame, node: Call) -> str:
        """The name of the library's function that a call runs."""
        kind = self._inference.type(frame, node.func)
        return next((one.name.rpartition(".")[2] for one in kind if isinstance(one, ExternalV)), "")

    def _is_select(self, frame: Frame, node: Call) -> bool:
        func = frame.scope.exprs[node.func]
        if isinstance(func, Attr) and func.name != "select":
            return False
        kind = self._inference.type(frame, node.func)
        return any(isinstance(value, ExternalV) and value.name in _SELECTS for value in kind)
