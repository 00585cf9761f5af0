"""What do conditions, and functions that they ask, say of all objects of one class?

`if is_thread_affine(db): db.save(row)`, and `is_thread_affine` says no where `getattr(db, "engine", None)` is None:
that is so for a class without such an attribute, so that its `save` does not run there. `hasattr`, `isinstance` and
the way over `except AttributeError` say as much.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fastapi_lint.facts import (
    NONE,
    Attr,
    Bin,
    Call,
    Choice,
    Declared,
    EventKind,
    Expr,
    Free,
    Lit,
    Narrow,
    Phi,
    Scope,
    Use,
    Var,
)
from fastapi_lint.project.code.call_arguments import argument_at
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.kept_answers import KeptAnswers
from fastapi_lint.project.code.logic import truth
from fastapi_lint.project.code.regions import around, branches, within
from fastapi_lint.project.code.spelling import behind_names, parameter_of, same, strings
from fastapi_lint.project.types.values import ClassV, FunctionV, InstanceV, MethodV, TupleV, Type

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_DEEPEST = 8
_OPEN = ("__getattr__", "__getattribute__", "__new__")
"""Methods that may give an object attributes of any name."""


class KindAnswers:
    """Answers by function, parameter and class, kept."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._said: KeptAnswers[bool] = KeptAnswers(inference)
        self._lacking: dict[tuple[int, str], bool] = {}
        self._stored: dict[int, tuple[frozenset[str], frozenset[str]]] = {}

    def exclude(self, frame: Frame, region: int, func: int, gid: int) -> bool:
        """Whether the branches around a call of a method are for others than the objects of a class or below it."""
        scope = frame.scope
        method, tests = scope.exprs[func], list(branches(scope, region))
        if not tests or not isinstance(method, Attr) or self._is_stored(frame.gid, scope.exprs[method.base]):
            return False
        asked = Asked(self._inference, frame, gid, lambda expr: same(scope, expr, method.base))
        for branch in tests:
            decided = asked.truth(branch.expr)
            if decided is not None and decided is not (branch.kind == "if"):
                return True
        return False

    def _is_stored(self, gid: int, node: Expr) -> bool:
        """Whether a function stores anew what it has asked, and what it then calls a method of."""
        if not isinstance(node, (Attr, Var, Free)):
            return False
        known = self._stored.get(gid)
        if known is None:
            events = self._inference.index.scope(gid).events
            kinds = EventKind.STORE_ATTR, EventKind.REBIND
            attributes, names = (frozenset(one.name for one in events if one.kind == kind) for kind in kinds)
            known = self._stored[gid] = attributes, names
        return node.name in known[0 if isinstance(node, Attr) else 1]

    def said(self, function: FunctionV | MethodV, number: int, gid: int) -> bool | None:
        """What a function answers where a parameter is an object of a class."""
        inner = self._inference.binding.frame_of(function)
        return self._said.get((inner.gid, number, gid), lambda: self._find(inner, number, gid))

    def _find(self, frame: Frame, number: int, gid: int) -> bool | None:
        scope = frame.scope
        if scope.is_async or scope.is_generator or scope.is_stub or scope.decorators or scope.falls_through:
            return None
        asked = Asked(self._inference, frame, gid, lambda expr: parameter_of(scope, expr) == number)
        return asked.answer()

    def lacks(self, gid: int, name: str) -> bool:
        """Whether no object of a class, or of one below it, ever has an attribute."""
        key = (gid, name)
        if key not in self._lacking:
            found, is_settled = self._inference.apart(lambda: self._find_lacking(gid, name))
            if not is_settled:
                return found
            self._lacking[key] = found
        return self._lacking[key]

    def may_hold_others(self, gid: int) -> bool:
        """Whether objects of other classes may count as its own: of a protocol, or of what others register with."""
        classes, index = self._inference.classes, self._inference.index
        hooks = ("__subclasshook__", "__instancecheck__")
        has_metaclass = any(name == "metaclass" for name, _ in index.scope(gid).keywords)
        if has_metaclass or any(isinstance(classes.member(gid, hook)[1], int) for hook in hooks):
            return True
        if any(one.endswith(".Protocol") for one in classes.external_bases(gid)):
            return True
        return "abc.ABC" in classes.external_bases(gid) and bool(index.call_sites("register"))

    def _find_lacking(self, gid: int, name: str) -> bool:
        family = {gid, *self._inference.classes.subclasses(gid)}
        is_plain = self._inference.class_constants.is_plain
        if name.startswith("__") or not all(is_plain(one) and not self._has(one, name) for one in family):
            return False
        return not self._may_be_given(family, name)

    def _may_be_given(self, family: set[int], name: str) -> bool:
        """Whether anything stores the attribute in objects of these classes, or one of a name that is not known.

        What is stored where no more is known than a base, or nothing, is for objects of classes that set such an
        attribute themselves, if there are any below.
        """
        classes, constants = self._inference.classes, self._inference.class_constants
        stores = constants.stores()
        related = {entry for one in family for entry in classes.mro(one) if isinstance(entry, int)}
        owners = {owner for gid, expr in stores.get(name, ()) if (owner := self._owner(gid, expr)) != NONE}
        if not owners.isdisjoint(related):
            return True
        open_to_all = {one for one in related - family if owners.isdisjoint(classes.subclasses(one))}
        known = [self._kinds(gid, expr) for gid, expr in stores.get(name, ())]
        if any(not one or not one.isdisjoint(family | open_to_all) for one in known):
            return True
        computed = [self._kinds(gid, expr) for gid, expr in constants.computed_stores(name)]
        return any(not one or not one.isdisjoint(related) for one in computed)

    def _kinds(self, gid: int, expr: int) -> set[int]:
        """The classes of the project that an object is known to be of."""
        owner = self._owner(gid, expr)
        kinds = self._inference.type(self._inference.plain_frame(gid), expr) if owner == NONE else ()
        return {owner} if owner != NONE else {one.gid for one in kinds if isinstance(one, (InstanceV, ClassV))}

    def _owner(self, gid: int, expr: int) -> int:
        """The class of whose methods an expression is the receiver, or NONE."""
        index = self._inference.index
        return index.class_of(index.method_around(gid)) if index.is_receiver(gid, expr) else NONE

    def _has(self, gid: int, name: str) -> bool:
        member = self._inference.classes.member
        return any(isinstance(member(gid, one)[1], int) for one in (name, *_OPEN))


class Asked:
    """What a scope asks of one object of class `gid`; `is_it` knows the expressions that are that object."""

    def __init__(self, inference: Inference, frame: Frame, gid: int, is_it: Callable[[int], bool]) -> None:
        self._inference = inference
        self._frame = frame
        self._scope: Scope = frame.scope
        self._gid = gid
        self._is_it = is_it
        self._dead: set[int] = set()

    def truth(self, test: int) -> bool | None:
        """What a condition is for such an object."""
        return truth(self._scope, test, self._simple)

    def answer(self) -> bool | None:
        """What the function returns, if it is always the same."""
        scope = self._scope
        self._dead.update(self._inference.decidable.fallbacks(self._frame.gid))
        for number, region in enumerate(scope.regions):
            if region.kind in ("if", "else") and region.expr != NONE:
                decided = self.truth(region.expr)
                if decided is not None and decided is (region.kind == "else"):
                    self._dead.add(number)
        failing = [
            (number, event.region)
            for number, event in enumerate(scope.events)
            if event.kind == EventKind.ATTR and self._fails(event.expr)
        ]
        found = set()
        for number, event in enumerate(scope.events):
            if event.kind != EventKind.RETURN or within(scope, event.region, self._dead):
                continue
            if not any(at < number and self._is_left(region, event.region) for at, region in failing):
                found.add(self._value(event.expr))
        return found.pop() if len(found) == 1 else None

    def _value(self, expr: int) -> bool | None:
        node = self._scope.exprs[expr] if expr != NONE else Lit(None)
        return bool(node.value) if isinstance(node, Lit) else self.truth(expr)

    def _fails(self, expr: int) -> bool:
        """Whether looking an attribute up raises an error."""
        node = self._scope.exprs[expr]
        return isinstance(node, Attr) and self._is_it(node.base) and self._lacks(node.name)

    def _is_left(self, failing: int, region: int) -> bool:
        """Whether an error in a region keeps control from another one behind: it is no handler of it."""
        for number in around(self._scope, region):
            if number == failing:
                return True
            if self._scope.regions[number].kind in ("except", "finally"):
                return False
        return False

    def _simple(self, test: int) -> bool | None:
        scope = self._scope
        expr = behind_names(scope, test)
        node = scope.exprs[expr]
        if isinstance(node, Bin) and node.op in ("is", "is not", "equals", "differs"):
            right = scope.exprs[node.right]
            if not isinstance(right, Lit) or not self._is_missing(node.left):
                return None
            return (right.value is None) is (node.op in ("is", "equals"))
        if isinstance(node, Call):
            known = self._call(node)
            if known is not None:
                return known
        return False if self._is_missing(expr) else None

    def _call(self, node: Call) -> bool | None:
        """What a question for the object is answered with."""
        func = self._scope.exprs[node.func]
        if isinstance(func, Free) and func.name in ("hasattr", "isinstance") and len(node.args) == 2:
            return self._has(node) if func.name == "hasattr" else self._is_one(node)
        given = [*node.args, *(value for _, value in node.keywords)]
        if not any(self._is_it(one) for one in given):
            return None
        called = self._inference.type(self._frame, node.func)
        only = called[0] if len(called) == 1 else None
        if not isinstance(only, (FunctionV, MethodV)):
            return None
        target, skip = self._inference.binding.frame_of(only), self._inference.binding.receivers(only)
        for number, parameter in enumerate(target.scope.params):
            at = (
                argument_at(self._scope, node, number - skip, parameter.name, parameter.kind)
                if number >= skip
                else NONE
            )
            if at != NONE and self._is_it(at):
                return self._inference.kind_answers.said(only, number, self._gid)
        return None

    def _has(self, node: Call) -> bool | None:
        names = strings(self._scope, node.args[1])
        if self._is_missing(node.args[0]):
            return False
        is_without = len(names) == 1 and self._is_it(node.args[0]) and self._lacks(names[0])
        return False if is_without else None

    def _is_one(self, node: Call) -> bool | None:
        if self._is_missing(node.args[0]):
            return False
        if not self._is_it(node.args[0]):
            return None
        is_named = not isinstance(self._scope.exprs[node.args[1]], Call)  # `type(other)` may be a class below
        asked = _classes(self._inference.type(self._frame, node.args[1])) if is_named else None
        classes = self._inference.classes
        if asked is None:
            return None
        if any(classes.is_subclass(self._gid, one) for one in asked):
            return True
        family = (self._gid, *classes.subclasses(self._gid))
        if any(self._inference.kind_answers.may_hold_others(one) for one in asked):
            return None
        return None if any(classes.is_subclass(own, one) for own in family for one in asked) else False

    def _lacks(self, name: str) -> bool:
        return self._inference.kind_answers.lacks(self._gid, name)

    def _is_missing(self, expr: int, hops: int = 0) -> bool:
        """Whether an expression is None: `getattr(x, "name", None)` of an object that has no such attribute."""
        scope = self._scope
        node = scope.exprs[expr]
        if hops > _DEEPEST:
            return False
        if isinstance(node, (Use, Phi)):
            made = [scope.defs[number] for number in node.defs]
            alive = [one for one in made if not within(scope, one.region, self._dead)]
            rebinds = self._inference.index.rebinds
            is_own = not any((self._frame.gid, one.name) in rebinds for one in made)
            return is_own and bool(alive) and all(self._is_missing(one.value, hops + 1) for one in alive)
        if type(node) is Narrow or (type(node) is Declared and node.value != NONE):
            return self._is_missing(node.value, hops + 1)
        if type(node) is Choice and node.test == NONE:
            return all(self._is_missing(item, hops + 1) for item in node.items)
        if type(node) is Call and len(node.args) == 3 and scope.exprs[node.func] == Free("getattr"):
            names = strings(scope, node.args[1])
            if len(names) != 1 or names[0].startswith("__") or not self._is_missing(node.args[2], hops + 1):
                return False
            base = node.args[0]
            return (self._is_it(base) and self._lacks(names[0])) or self._is_missing(base, hops + 1)
        return node == Lit(None)


def _classes(kind: Type) -> list[int] | None:
    """The classes of the project that `isinstance` is asked for; None if it is asked for anything else."""
    parts = [part for one in kind for part in (one.items if isinstance(one, TupleV) else ((one,),))]
    found = [one.gid for part in parts for one in part if isinstance(one, ClassV)]
    return found if found and len(found) == len(parts) == sum(map(len, parts)) else None
