"""Which constants do class bodies write down, that nothing in the project changes?

`runs_in_pool = True` decides `if self.runs_in_pool` for the instances of a class. A subclass may say otherwise, and so
may a store anywhere; what a dataclass or a library's base class makes of its fields is another matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fastapi_lint.facts import NONE, Attr, Call, Declared, EventKind, Expr, Free, Lit, Scope
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.logic import implied
from fastapi_lint.project.code.regions import branches
from fastapi_lint.project.code.spelling import same, strings
from fastapi_lint.project.types.classes import PLAIN_BASES
from fastapi_lint.project.types.values import ClassV, InstanceV, LiteralV

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference


class ClassConstants:
    """Answers by class and attribute, kept."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._index = inference.index
        self._known: dict[tuple[int, str, bool], LiteralV | None] = {}
        self._stored: dict[str, list[tuple[int, int]]] | None = None

    def of(self, frame: Frame, expr: int, name: str) -> LiteralV | None:
        """The constant that `expr.name` is, whichever of its classes the object is of."""
        owners = self._inference.type(frame, expr)
        found = {
            self.held(one.gid, name, isinstance(one, ClassV)) if isinstance(one, (InstanceV, ClassV)) else None
            for one in owners
        }
        return found.pop() if len(found) == 1 else None

    def held(self, gid: int, name: str, of_class: bool = False) -> LiteralV | None:
        """The constant that is an attribute of all instances of a class and of its subclasses, or of those classes."""
        key = (gid, name, of_class)
        if key in self._known:
            return self._known[key]
        constant = self.written(gid, name, of_class)
        if constant is not None and self.may_be_set(gid, name):
            constant = None
        if self._inference.is_settled():
            self._known[key] = constant
        return constant

    def excludes(self, scope: Scope, region: int, func: int, gid: int) -> bool:
        """Whether the branches around a call of a method say what is not so of a class that has the method.

        `if task.is_async: await task.start()`, `else: task.run()`.
        """
        method = scope.exprs[func]
        if not isinstance(method, Attr):
            return False
        for branch in branches(scope, region):
            for test, holds in implied(scope, branch.expr, branch.kind == "if"):
                asked = scope.exprs[test]
                if isinstance(asked, Attr) and same(scope, asked.base, method.base):
                    constant = self.held(gid, asked.name)
                    if constant is not None and bool(constant.value) is not holds:
                        return True
        return False

    def written(self, gid: int, name: str, of_class: bool = False) -> LiteralV | None:
        """What the bodies of a class and of its subclasses give an attribute at first."""
        family = (gid, *self._inference.classes.subclasses(gid))
        found = {self._in_body(one, name, of_class) for one in family}
        return found.pop() if len(found) == 1 else None

    def _in_body(self, gid: int, name: str, of_class: bool) -> LiteralV | None:
        """What the body of a class, or the nearest base's that binds the name, gives it."""
        classes = self._inference.classes
        for entry in classes.mro(gid):
            if isinstance(entry, str):
                if entry not in PLAIN_BASES:
                    return None
                continue
            scope, outer = self._index.scope(entry), self._inference.plain_frame(self._index.parent(entry))
            if scope.decorators or not all(self._inference.type(outer, base) for base in scope.bases):
                return None
        owner = classes.member(gid, name)[1]
        if not isinstance(owner, int):
            return None
        scope = self._index.scope(owner)
        numbers = scope.names[name]
        node = scope.exprs[scope.defs[numbers[0]].value]
        is_field = isinstance(node, Declared)
        if isinstance(node, Declared) and node.value != NONE:
            node = scope.exprs[node.value]
        value = node.value if isinstance(node, Lit) and len(numbers) == 1 else 0
        if value is None and is_field and not of_class:  # `client: Client | None = None` is there for others to fill
            return None
        return LiteralV(value) if value is None or isinstance(value, (bool, str)) else None

    def may_be_set(self, gid: int, name: str) -> bool:
        """Whether anything stores an attribute of this name, or of an unknown one, in objects of a class or below it.

        A store by name in what is not known to be of another class counts.
        """
        family = (gid, *self._inference.classes.subclasses(gid))
        relatives = {entry for one in family for entry in self._inference.classes.mro(one) if isinstance(entry, int)}
        by_name = self._stores()
        return any(self._is_of(relatives, gid, expr, True) for gid, expr in by_name.get(name, ())) or any(
            self._is_of(relatives, gid, expr, False) for gid, expr in by_name.get("", ())
        )

    def _is_of(self, relatives: set[int], gid: int, expr: int, unknown: bool) -> bool:
        """Whether an expression is an instance of some classes, or one of them; `unknown` where it may be any."""
        owner = self._index.class_of(self._index.method_around(gid))
        if owner != NONE and self._index.is_receiver(gid, expr):
            return owner in relatives
        kinds = self._inference.type(self._inference.plain_frame(gid), expr)
        known = [kind.gid for kind in kinds if isinstance(kind, (InstanceV, ClassV))]
        return unknown if len(known) < len(kinds) or not kinds else not relatives.isdisjoint(known)

    def _stores(self) -> dict[str, list[tuple[int, int]]]:
        """Where attributes are stored: by name, under `""` where the name is not known."""
        if self._stored is None:
            self._stored = {}
            for gid in range(self._index.count):
                scope = self._index.scope(gid)
                for name, expr in _stored_in(scope):
                    self._stored.setdefault(name, []).append((gid, expr))
        return self._stored


def _stored_in(scope: Scope) -> Iterator[tuple[str, int]]:
    for event in scope.events:
        if event.kind == EventKind.STORE_ATTR:
            yield event.name, event.expr
    for node in scope.exprs:
        if isinstance(node, Attr) and node.name == "__dict__":
            yield "", node.base
        elif isinstance(node, Call) and len(node.args) == 3 and _sets_by_name(scope.exprs[node.func]):
            for name in strings(scope, node.args[1]) or [""]:
                yield name, node.args[0]


def _sets_by_name(func: Expr) -> bool:
    """Whether a call is `setattr(x, name, value)`, or `object.__setattr__(x, name, value)` for what is frozen."""
    return func == Free("setattr") or (isinstance(func, Attr) and func.name == "__setattr__")
