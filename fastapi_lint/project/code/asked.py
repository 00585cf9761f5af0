"""What do the conditions of the project ask of parameters, attributes and strings?

What no condition asks for tells no frames apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet

from fastapi_lint.facts import (
    NONE,
    Attr,
    Bin,
    Call,
    Choice,
    Declared,
    Event,
    EventKind,
    Expr,
    Lit,
    Narrow,
    Param,
    Scope,
    Seq,
    Use,
    Var,
)
from fastapi_lint.project.code.decidable import TESTS
from fastapi_lint.project.code.index import Index
from fastapi_lint.project.code.iterables import for_loops, sources
from fastapi_lint.project.code.regions import branches
from fastapi_lint.project.code.retries import retry_counts
from fastapi_lint.project.code.spelling import is_parameter, is_receiver, stored_item, strings
from fastapi_lint.project.code.tables import names_in_tables, selections
from fastapi_lint.project.types.values import LiteralV

OTHER = LiteralV("\0")
"""A string that passes none of the project's tests."""

_READS = frozenset({"copy", "items", "keys", "values"})
_LEADING = frozenset({Bin, Call, Choice, Declared, Narrow, Param, Use})
"""The kinds of expressions that may lead to a parameter."""
_STRING_TESTS = frozenset({"equals", "differs", "among", "not among"})


class Asked:
    """Answers by scope and for the whole project, kept."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._tested: dict[int, frozenset[int]] = {}
        self._captured: dict[int, dict[int, frozenset[str]]] = {}
        self._kept: dict[int, dict[int, str]] = {}
        self._asked: dict[int, tuple[int, frozenset[str]]] = {}
        self._asked_attributes: dict[int, frozenset[str]] = {}
        self._attribute_tests: frozenset[str] | None = None
        self._string_tests: tuple[tuple[str, ...], tuple[str, ...], frozenset[str]] | None = None
        self._retry_names: frozenset[str] | None = None

    def tested_parameters(self, gid: int) -> frozenset[int]:
        """The parameters of a function that its conditions, or those of functions inside it, look at."""
        known = self._tested.get(gid)
        if known is None:
            scope = self._index.scope(gid)
            if not scope.params:
                known = self._tested[gid] = frozenset()
                return known
            looked_at = _tests(scope)
            for expr in scope.exprs:
                if type(expr) is Call:  # passed on as they are, perhaps to a function that tests them
                    looked_at.update(expr.args)
                    if expr.keywords:
                        looked_at.update([value for _, value in expr.keywords])
            for name in self._asked_inside(gid):
                looked_at.update(scope.defs[number].value for number in scope.names.get(name, ()))
            found = set(_parameters_in(scope, *looked_at))
            found |= {number for _, number in selections(scope)}
            found |= {number for number in _iterated(scope) if _may_be_left_out(scope, number)}
            found |= {number for number in _kept_or_empty(scope) if _may_be_left_out(scope, number)}
            if scope.name == "__init__":
                found |= {n for n, name in self.kept_parameters(gid).items() if name in self._tested_attributes()}
            known = self._tested[gid] = frozenset(found)
        return known

    def _asked_inside(self, gid: int) -> frozenset[str]:
        """The names of a function that functions inside it ask whether they are there."""
        module = self._index.module(gid)
        known = self._captured.get(module.base)
        if known is None:
            found: dict[int, set[str]] = {}
            for scope in module.facts.scopes:
                for test in _tests(scope):
                    for node in _captured_in(scope, test):
                        found.setdefault(module.base + node.scope, set()).add(node.name)
            known = self._captured[module.base] = {owner: frozenset(names) for owner, names in found.items()}
        return known.get(gid, frozenset())

    def asked_keywords(self, gid: int) -> tuple[int, frozenset[str]]:
        """The parameter `**kwargs` of a function and the names that the function asks it for, if it only asks."""
        known = self._asked.get(gid)
        if known is None:
            scope = self._index.scope(gid)
            number = next((n for n, parameter in enumerate(scope.params) if parameter.kind == "kwargs"), NONE)
            names = _asked_keywords(scope, number) if number != NONE else frozenset()
            if number != NONE and names is not None and _hands_on(scope, number):
                names |= self._names_of_retries()
            names = names or frozenset()
            known = self._asked[gid] = (number, names)
        return known

    def _names_of_retries(self) -> frozenset[str]:
        """The names of parameters that say how often something is tried again, and need not be given."""
        if self._retry_names is None:
            self._retry_names = frozenset(
                scope.params[number].name
                for scope in self._index.scopes
                if any(one.default != NONE for one in scope.params)
                for number in retry_counts(scope)
                if scope.params[number].default != NONE
            )
        return self._retry_names

    def kept_parameters(self, gid: int) -> dict[int, str]:
        """The parameters that a constructor stores, or that decide what it stores, with names of the attributes."""
        known = self._kept.get(gid)
        if known is None:
            scope = self._index.scope(gid)
            stores = [event for event in self._index.stores(gid) if event.value != NONE]
            known = self._kept[gid] = {
                number: event.name
                for event in stores
                for branch in branches(scope, event.region)
                for number in _parameters_in(scope, branch.expr)
            }
            known |= {number: event.name for event in stores for number in _parameters_in(scope, event.value)}
        return known

    def _tested_attributes(self) -> frozenset[str]:
        """The attributes of receivers that conditions of the project look at, by name."""
        if self._attribute_tests is None:
            self._attribute_tests = frozenset(
                name
                for scope in self._index.scopes
                if scope.params
                for test in _tests(scope)
                for name in _attributes_in(scope, test)
            )
        return self._attribute_tests

    def attributes_asked(self, owner: int) -> frozenset[str]:
        """The attributes of their receiver that conditions in the methods of a class look at."""
        known = self._asked_attributes.get(owner)
        if known is None:
            known = self._asked_attributes[owner] = frozenset(
                name
                for scope in map(self._index.scope, self._index.inside(owner))
                if scope.kind == "function"
                for test in _tests(scope)
                for name in _attributes_in(scope, test)
            )
        return known

    def string_class(self, gid: int, number: int, text: str) -> LiteralV | None:
        """A string argument as tests tell strings apart: itself if any test of the project may pass, else `OTHER`.

        Most strings pass none, so that the many calls of a function share a frame. None where neither the function nor
        anything it may hand the string to looks at it.
        """
        if number not in self.tested_parameters(gid):
            return None
        prefixes, suffixes, whole = self._tested_strings()
        fits = not text or text in whole or text.startswith(prefixes) or text.endswith(suffixes)
        return LiteralV(text) if fits else OTHER

    def scheme(self, prefix: str) -> str:
        """What tests of the project may ask of the beginning of a text: the scheme of an address, else nothing."""
        scheme, mark, _ = prefix.partition("://")
        known = scheme + mark if mark or prefix == "http" else ""
        return known if known and any("://" in tested for tested in self._tested_strings()[0]) else ""

    def _tested_strings(self) -> tuple[tuple[str, ...], tuple[str, ...], frozenset[str]]:
        if self._string_tests is None:
            tested = _string_tests(scope for scope in self._index.scopes if scope.params)
            self._string_tests = (*tested[:2], tested[2].union(self._members(), names_in_tables(self._index)))
        return self._string_tests

    def _members(self) -> Iterator[str]:
        """The strings of the members of enumerations that functions compare their parameters with."""
        names = {name for scope in self._index.scopes if scope.params for name in _compared_attributes(scope)}
        for gid, scope in enumerate(self._index.scopes):
            if scope.kind == "class" and scope.bases and not names.isdisjoint(scope.names):
                # no decision: types are not known yet, and what is kept too much tells a few more frames apart
                around = self._index.parent(gid)
                if any(self._index.spelled(around, base).endswith("Enum") for base in scope.bases):
                    for definition in scope.defs:
                        if definition.name in names:
                            yield from strings(scope, definition.value)


def _tests(scope: Scope) -> set[int]:
    """The conditions of the branches of a scope; that of an `if` and its `else` once."""
    return {region.expr for region in scope.regions if region.kind in ("if", "else") and region.expr != NONE}


def _compared_attributes(scope: Scope) -> Iterator[str]:
    for node in scope.exprs:
        if type(node) is Bin and node.op in _STRING_TESTS and _parameters_in(scope, node.left):
            right = scope.exprs[node.right]
            for item in right.items if isinstance(right, Seq) else (node.right,):
                part = scope.exprs[item]
                if isinstance(part, Attr):
                    yield part.name


def _string_tests(scopes: Iterable[Scope]) -> tuple[tuple[str, ...], tuple[str, ...], frozenset[str]]:
    """The prefixes, suffixes and whole strings that functions compare their parameters with."""
    affixes: dict[str, set[str]] = {"startswith": set(), "endswith": set()}
    whole: set[str] = set()
    for scope in scopes:
        for node in scope.exprs:
            if type(node) is Bin and node.op in _STRING_TESTS:
                if _parameters_in(scope, node.left):
                    whole.update(strings(scope, node.right))
            elif type(node) is Call and node.args:
                func = scope.exprs[node.func]
                if type(func) is Attr and func.name in affixes and _parameters_in(scope, func.base):
                    affixes[func.name].update(strings(scope, node.args[0]))
    return tuple(sorted(affixes["startswith"])), tuple(sorted(affixes["endswith"])), frozenset(whole)


def _parameters_in(scope: Scope, *exprs: int) -> AbstractSet[int]:
    """The parameters that conditions name, through `not`, `and`, `or`, `is`."""
    waiting = [expr for expr in exprs if type(scope.exprs[expr]) in _LEADING]
    if not waiting:
        return frozenset()
    found: set[int] = set()
    # many ways lead to a name that each of many branches narrows: each expression is looked at once
    seen = set(waiting)
    while waiting:
        node = scope.exprs[waiting.pop()]
        if type(node) is Param:
            found.add(node.index)
        elif type(node) is Use:
            found.update(value.index for value in _values_of(scope, node) if type(value) is Param)
        for part in _parts_that_ask(scope, node):
            if part != NONE and part not in seen:
                seen.add(part)
                waiting.append(part)
    return found


def _iterated(scope: Scope) -> set[int]:
    """The parameters on which it rests whether a loop goes over anything."""
    waiting = [scope.regions[number].expr for number in for_loops(scope)] if scope.params else []
    seen = set(waiting)
    found: set[int] = set()
    while waiting:
        expr = waiting.pop()
        node = scope.exprs[expr]
        if type(node) is Param:
            found.add(node.index)
        following = [part for part in sources(scope, expr) if part not in seen]
        seen.update(following)
        waiting += following
    return found


def _kept_or_empty(scope: Scope) -> Iterator[int]:
    """The parameters for which a function stores an empty list where they are missing: `form.paths = paths or []`."""
    for event in scope.events if scope.params and scope.name != "__init__" else ():
        node = scope.exprs[event.value] if event.kind == EventKind.STORE_ATTR and event.value != NONE else None
        if type(node) is Choice and node.test == NONE and scope.exprs[node.items[-1]] == Seq("list", ()):
            yield from _parameters_in(scope, event.value)


def _may_be_left_out(scope: Scope, number: int) -> bool:
    return scope.params[number].kind == "args" or scope.params[number].default != NONE


def _parts_that_ask(scope: Scope, node: Expr) -> Sequence[int]:
    """The expressions inside of a condition that stand for a parameter as it does."""
    if type(node) is Bin:
        return node.left, node.right
    if type(node) is Choice:
        return (*node.items, node.test) if node.test != NONE else node.items
    if type(node) is Narrow or (type(node) is Declared and node.value != NONE):
        return (node.value,)
    if type(node) is Use:
        values = [scope.defs[number].value for number in node.defs]
        if len(values) == 1 and _is_named_test(scope.exprs[values[0]]):
            return values
        return [value for value in values if type(scope.exprs[value]) is Narrow]
    if type(node) is Call and isinstance(func := scope.exprs[node.func], Attr):
        return (func.base,) if func.name in ("startswith", "endswith") else ()
    return ()


def _values_of(scope: Scope, use: Use) -> Iterator[Expr]:
    for number in use.defs:
        yield scope.exprs[scope.defs[number].value]


def _is_named_test(node: Expr) -> bool:
    """Whether a local name stands for a test, or for what a test has chosen."""
    if type(node) is Bin:
        return node.op in TESTS
    return type(node) is Choice and node.test != NONE


def _captured_in(scope: Scope, expr: int) -> Iterator[Var]:
    """The names of scopes around this one that a condition asks for, or compares with None."""
    node = scope.exprs[expr]
    if type(node) is Var:
        yield node
    elif type(node) is Bin and node.op in ("is", "is not"):
        left = scope.exprs[node.left]
        if type(left) is Var and scope.exprs[node.right] == Lit(None):
            yield left
    elif type(node) is Bin and node.op in ("and", "not"):
        for part in (node.left, node.right):
            yield from _captured_in(scope, part) if part != NONE else ()
    elif type(node) is Choice:
        for part in node.items:
            yield from _captured_in(scope, part)


def _hands_on(scope: Scope, number: int) -> bool:
    """Whether a function gives what its `**kwargs` holds to another one, as it was given."""
    if any(_puts_into(scope, event, number) for event in scope.events):
        return False
    calls = (node for node in scope.exprs if type(node) is Call)
    return any(key == "**" and is_parameter(scope, value, number) for call in calls for key, value in call.keywords)


def _asked_keywords(scope: Scope, number: int) -> frozenset[str] | None:
    """The names that a function asks its `**kwargs` for; None where something else may be done to it."""
    names: set[str] = set()
    for node in scope.exprs:
        if type(node) is Bin and node.op in ("among", "not among") and is_parameter(scope, node.right, number):
            names.update(strings(scope, node.left))
        func = scope.exprs[node.func] if type(node) is Call else None
        if type(node) is Call and type(func) is Attr and is_parameter(scope, func.base, number):
            if func.name in _READS:
                continue
            if func.name not in ("get", "pop") or not node.args:
                return None
            names.update(strings(scope, node.args[0]))
    changed = [n for n, e in enumerate(scope.events) if _puts_into(scope, e, number)]
    return frozenset(names) if all(_is_asked_before(scope, n, number) for n in changed) else None


def _puts_into(scope: Scope, event: Event, number: int) -> bool:
    return event.kind == EventKind.STORE_ITEM and is_parameter(scope, event.expr, number)


def _is_asked_before(scope: Scope, store: int, number: int) -> bool:
    """Whether a function puts into its `**kwargs` what it has asked for before, and asks for it no more."""
    event = scope.events[store]
    target = stored_item(scope, event)
    region = event.region
    while region != NONE:
        if scope.regions[region].kind == "loop":
            return False
        region = scope.regions[region].parent
    names = strings(scope, target.index) if target is not None else []
    later = scope.events[store + 1 :]
    asked = [e for e in later if e.kind in (EventKind.CALL, EventKind.OP) and _asks(scope, e.expr, number, names)]
    return bool(names) and not asked


def _asks(scope: Scope, expr: int, number: int, names: list[str]) -> bool:
    node = scope.exprs[expr]
    if isinstance(node, Bin):  # an operator's event has its sides the other way round
        return any(is_parameter(scope, side, number) for side in (node.left, node.right))
    if not isinstance(node, Call) or not isinstance(func := scope.exprs[node.func], Attr):
        return False
    return is_parameter(scope, func.base, number) and bool(node.args) and strings(scope, node.args[0]) == names


def _attributes_in(scope: Scope, expr: int) -> Iterator[str]:
    """The attributes of the receiver that a condition names."""
    waiting = [expr]
    while waiting:
        node = scope.exprs[waiting.pop()]
        if type(node) is Bin:
            waiting += (node.left,) if node.op == "not" else (node.left, node.right)
        elif type(node) is Choice:
            waiting += node.items
        elif type(node) is Call:
            waiting.append(node.func)
        elif type(node) is Attr:
            if is_receiver(scope, node.base):
                yield node.name
            else:
                waiting.append(node.base)
