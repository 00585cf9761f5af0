"""Which constants do class bodies and constructors write down, that nothing in the project changes?

`runs_in_pool = True` decides `if self.runs_in_pool` for the instances of a class, and so does the same as a statement
of the constructor. A subclass may say otherwise, and so may a store anywhere; what a dataclass or a library's base
class makes of its fields is another matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fastapi_lint.facts import NONE, Attr, Bin, Call, Declared, Event, EventKind, Expr, Free, Lit, Scope
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.logic import implied
from fastapi_lint.project.code.regions import branches
from fastapi_lint.project.code.spelling import is_receiver, same, strings
from fastapi_lint.project.types.classes import PLAIN_BASES
from fastapi_lint.project.types.values import ClassV, InstanceV, LiteralV, MethodV

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_MOST_CONSTRUCTORS = 6
_REST = "*"
_DICT = "__dict__"
_SETTERS = ("setattr", "__setattr__")
_STORE = EventKind.STORE_ATTR


class ClassConstants:
    """Answers by class and attribute, kept."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._index = inference.index
        self._known: dict[tuple[int, str, bool], LiteralV | None] = {}
        self._stored: dict[str, list[tuple[int, int]]] | None = None
        self._computed: tuple[str, ...] | None = None

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
        constant, is_settled = self._inference.apart(lambda: self._held(gid, name, of_class))
        if is_settled:
            self._known[key] = constant
        return constant

    def _held(self, gid: int, name: str, of_class: bool) -> LiteralV | None:
        constant = self.written(gid, name, of_class)
        if constant is not None and self.may_be_set(gid, name):
            constant = None
        return self._made(gid, name) if constant is None and not of_class else constant

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
        owner = self._inference.classes.member(gid, name)[1] if self.is_plain(gid) else None
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

    def is_plain(self, gid: int) -> bool:
        """Whether nothing but the project says what becomes of the attributes of a class."""
        for entry in self._inference.classes.mro(gid):
            if isinstance(entry, str):
                if entry not in PLAIN_BASES:
                    return False
                continue
            scope, outer = self._index.scope(entry), self._inference.plain_frame(self._index.parent(entry))
            if scope.decorators or not all(self._inference.type(outer, base) for base in scope.bases):
                return False
        return True

    def _made(self, gid: int, name: str) -> LiteralV | None:
        """The flag that the constructors of a class and of its subclasses always leave, if nothing else stores it."""
        classes = self._inference.classes
        inits: set[int] = set()
        found: set[LiteralV | None] = set()
        for one in (gid, *classes.subclasses(gid)):
            init = classes.find_method(one, "__init__")
            is_plain = init is not None and self.is_plain(one) and not isinstance(classes.member(one, name)[1], int)
            passed: set[int] = set()
            found.add(self._left(init.gid, one, name, passed) if is_plain and init is not None else None)
            inits |= passed
            if found != {LiteralV(True)} and found != {LiteralV(False)}:
                return None
        return None if self.may_be_set(gid, name, frozenset(inits)) else found.pop()

    def _left(self, init: int, gid: int, name: str, passed: set[int]) -> LiteralV | None:
        """What a constructor leaves an attribute at for sure, itself or by that of a base; `passed` takes them all."""
        scope = self._index.scope(init)
        if init in passed or len(passed) > _MOST_CONSTRUCTORS:
            return None
        passed.add(init)
        left: LiteralV | None = None
        for event in scope.events:
            if event.kind == EventKind.STORE_ATTR and event.name == name:
                node = scope.exprs[event.value] if event.value != NONE and event.region == 0 else None
                left = LiteralV(node.value) if isinstance(node, Lit) and isinstance(node.value, bool) else None
                if left is None or event.flag or not is_receiver(scope, event.expr):
                    return None
            elif (base := self._constructor_of_base(init, gid, event)) is not None:
                left = self._left(base, gid, name, passed) if event.region == 0 else None
        return left

    def _constructor_of_base(self, init: int, gid: int, event: Event) -> int | None:
        """The constructor that one of a subclass calls for its own object."""
        scope = self._index.scope(init)
        node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
        func = scope.exprs[node.func] if isinstance(node, Call) else None
        if not isinstance(node, Call) or not isinstance(func, Attr) or func.name != "__init__":
            return None
        called = self._inference.type(self._index.frame(init, InstanceV(gid)), node.func)
        return called[0].function.gid if len(called) == 1 and isinstance(called[0], MethodV) else None

    def may_be_set(self, gid: int, name: str, but: frozenset[int] = frozenset()) -> bool:
        """Whether anything stores an attribute of this name, or of an unknown one, in objects of a class or below it.

        A store by name in what is not known to be of another class counts, what the functions of `but` store does not.
        """
        family = (gid, *self._inference.classes.subclasses(gid))
        relatives = {entry for one in family for entry in self._inference.classes.mro(one) if isinstance(entry, int)}
        by_name = self.stores()
        named = ((gid, expr) for gid, expr in by_name.get(name, ()) if gid not in but)
        return any(self._is_of(relatives, gid, expr, True) for gid, expr in named) or any(
            self._is_of(relatives, gid, expr, False) for gid, expr in self.computed_stores(name)
        )

    def _is_of(self, relatives: set[int], gid: int, expr: int, unknown: bool) -> bool:
        """Whether an expression is an instance of some classes, or one of them; `unknown` where it may be any."""
        owner = self._index.class_of(self._index.method_around(gid))
        if owner != NONE and self._index.is_receiver(gid, expr):
            return owner in relatives
        kinds = self._inference.type(self._inference.plain_frame(gid), expr)
        known = [kind.gid for kind in kinds if isinstance(kind, (InstanceV, ClassV))]
        return unknown if len(known) < len(kinds) or not kinds else not relatives.isdisjoint(known)

    def computed_stores(self, name: str) -> Iterator[tuple[int, int]]:
        """Where attributes are stored under names that are put together, and that may be this one."""
        stores = self.stores()
        if self._computed is None:
            self._computed = tuple(one for one in stores if one.endswith(_REST))
        for start in self._computed:
            if name.startswith(start[:-1]):
                yield from stores[start]

    def stores(self) -> dict[str, list[tuple[int, int]]]:
        """Where attributes are stored: by name, or by what the name starts with and `*`, as far as that is known."""
        if self._stored is None:
            self._stored = {}
            index = self._index
            found = {*index.doing(_STORE), *index.reading((_DICT,)), *index.calling(_SETTERS)}
            for gid in sorted(found):
                for name, expr in _stored_in(index.scope(gid)):
                    self._stored.setdefault(name, []).append((gid, expr))
        return self._stored


def _stored_in(scope: Scope) -> Iterator[tuple[str, int]]:
    for event in scope.events:
        if event.kind is _STORE:
            yield event.name, event.expr
    for node in scope.exprs:
        if type(node) is Attr and node.name == _DICT:
            yield _REST, node.base
        elif type(node) is Call and len(node.args) == 3 and _sets_by_name(scope.exprs[node.func]):
            for name in strings(scope, node.args[1]) or [_start(scope, node.args[1]) + _REST]:
                yield name, node.args[0]


def _start(scope: Scope, expr: int) -> str:
    """What a formatted text starts with: `f"_{name}_done"`."""
    node = scope.exprs[expr]
    text = scope.exprs[node.left] if isinstance(node, Bin) and node.op == "%" else None
    return text.value.partition("%")[0] if isinstance(text, Lit) and isinstance(text.value, str) else ""


def _sets_by_name(func: Expr) -> bool:
    """Whether a call is `setattr(x, name, value)`, or `object.__setattr__(x, name, value)` for what is frozen."""
    return func == Free("setattr") or (isinstance(func, Attr) and func.name == "__setattr__")
