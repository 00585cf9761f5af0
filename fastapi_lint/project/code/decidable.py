"""What could ever be known of a condition, whatever a frame passes? Read off the code, once for each scope.

Most conditions test what no caller's constant decides: the result of a call, an item, a name of the module. To find
that out again for each of the frames of a function took a seventh of a run.
"""

from __future__ import annotations

from fastapi_lint.facts import (
    NONE,
    Attr,
    Await,
    Bin,
    Call,
    Choice,
    Cls,
    Comp,
    Declared,
    Enter,
    Expr,
    Free,
    Func,
    Lit,
    Map,
    Narrow,
    Opaque,
    Param,
    Phi,
    Scope,
    Seq,
    Unpack,
    Use,
    Var,
)
from fastapi_lint.project.code.empty_containers import EmptyContainers
from fastapi_lint.project.code.index import Index
from fastapi_lint.project.code.iterables import for_loops, sources
from fastapi_lint.project.code.retries import asks_for_last
from fastapi_lint.project.code.spelling import is_receiver, spelled

NOTHING, PRESENCE, LITERAL = 0, 1, 2
"""How much `Constants` may know of an expression: nothing, that it is not None, or which constant it is."""

_COMPARISONS = frozenset({"equals", "differs", "among", "not among"})
TESTS = _COMPARISONS | {"is", "is not", "not", "and"}
"""The operators of tests that a local name may keep."""

_GETTERS = frozenset({"get", "pop"})
_MISSING = frozenset({"ImportError", "ModuleNotFoundError", "NameError"})
_FORKS = frozenset({"fork", "forkpty"})
_OBJECT_TESTS = frozenset({Free("hasattr"), Free("isinstance")})
_PREFIX_TESTS = frozenset({"startswith", "endswith"})


class Decidable:
    """Answers by scope, kept."""

    def __init__(self, index: Index, containers: EmptyContainers) -> None:
        self._index = index
        self._containers = containers
        self._levels: dict[int, dict[int, int]] = {}
        self._regions: dict[int, tuple[int, ...]] = {}
        self._fallbacks: dict[int, tuple[int, ...]] = {}
        self._loops: dict[int, frozenset[int]] = {}

    def level(self, gid: int, expr: int) -> int:
        """How much may be known of an expression; for a parameter a literal, for an attribute, too."""
        return _level(self._index.scope(gid), expr, self._levels.setdefault(gid, {}))

    def regions(self, gid: int) -> tuple[int, ...]:
        """The branches whose condition some frame may decide, in their order."""
        known = self._regions.get(gid)
        if known is None:
            scope = self._index.scope(gid)
            levels, empty = self._levels.setdefault(gid, {}), self._containers.names
            known = self._regions[gid] = tuple(
                number
                for number, region in enumerate(scope.regions)
                if region.kind in ("if", "else")
                and region.expr != NONE
                and _may_decide(scope, region.expr, levels, empty)
            )
        return known

    def loops(self, gid: int) -> frozenset[int]:
        """The loops that go over what a caller may leave out, or over what a function makes of that."""
        known = self._loops.get(gid)
        if known is None:
            scope = self._index.scope(gid)
            loops = for_loops(scope) if scope.params else ()
            known = self._loops[gid] = frozenset(n for n in loops if _may_be_empty(scope, scope.regions[n].expr))
        return known

    def fallbacks(self, gid: int) -> tuple[int, ...]:
        """The handlers that are there for a missing package, or for a name that the module has not made yet, only.

        What the project needs is taken to be installed, and modules to be imported before they serve.
        """
        known = self._fallbacks.get(gid)
        if known is None:
            scope = self._index.scope(gid)
            known = self._fallbacks[gid] = tuple(
                number
                for number, region in enumerate(scope.regions)
                if region.kind == "except" and region.expr != NONE and _is_of_missing(scope, region.expr)
            )
        return known


def named_test(scope: Scope, expr: int) -> int:
    """The test that a local name keeps: `is_own = client is None and own`. Any other expression as it is."""
    node = scope.exprs[expr]
    if type(node) is Use and len(node.defs) == 1:
        value = scope.defs[node.defs[0]].value
        kept = scope.exprs[value]
        if type(kept) is Bin and kept.op in TESTS:
            return value
    return expr


def _is_of_missing(scope: Scope, expr: int) -> bool:
    node = scope.exprs[expr]
    if isinstance(node, Seq):
        return all(_is_of_missing(scope, item) for item in node.items)
    return isinstance(node, Free) and node.name in _MISSING


def _level(scope: Scope, expr: int, known: dict[int, int]) -> int:
    found = known.get(expr)
    if found is None:
        known[expr] = LITERAL  # what depends on itself may be anything
        found = known[expr] = _level_of(scope, scope.exprs[expr], known)
    return found


def _level_of(scope: Scope, node: Expr, known: dict[int, int]) -> int:
    if type(node) is Use or type(node) is Phi:
        return max((_level(scope, scope.defs[number].value, known) for number in node.defs), default=NOTHING)
    if type(node) is Lit:
        return LITERAL if node.value is None or isinstance(node.value, (bool, str)) else PRESENCE
    if type(node) is Param or type(node) is Attr:
        return LITERAL
    if type(node) is Declared:
        return _level(scope, node.value, known) if node.value != NONE else NOTHING
    if type(node) is Choice:
        return max(_level(scope, item, known) for item in node.items)
    if type(node) is Call:
        return LITERAL  # it may ask for a keyword, or a function that always gives the same
    if type(node) is Await:
        return PRESENCE if type(scope.exprs[node.value]) is Call else NOTHING
    if type(node) is Narrow:
        return _level(scope, node.value, known)
    if type(node) is Opaque:
        return PRESENCE if node.type else NOTHING
    if type(node) is Bin:
        return PRESENCE if node.op != "and" else NOTHING
    return PRESENCE if isinstance(node, (Seq, Map, Comp, Func, Cls, Enter, Var)) else NOTHING


def _may_be_empty(scope: Scope, expr: int) -> bool:
    seen = {expr}
    waiting = [expr]
    while waiting:
        one = waiting.pop()
        node, parts = scope.exprs[one], sources(scope, one)
        if type(node) is Param or (type(node) is Attr and is_receiver(scope, node.base)):
            return True
        if type(node) is Call and not parts:
            parts = (*node.args, *(value for _, value in node.keywords))
        waiting += (part for part in parts if part not in seen)
        seen.update(parts)
    return False


def _may_decide(scope: Scope, expr: int, known: dict[int, int], empty: frozenset[str]) -> bool:
    """Follows the shapes that `DeadBranches` understands; `empty` are the names of containers that may stay so."""
    node = scope.exprs[named_test(scope, expr)]
    if type(node) is Bin:
        if node.op == "not":
            return _may_decide(scope, node.left, known, empty)
        if node.op == "and":
            return any(_may_decide(scope, part, known, empty) for part in (node.left, node.right))
        if node.op in ("is", "is not") and scope.exprs[node.right] == Lit(None):
            return _level(scope, node.left, known) != NOTHING
        if asks_for_last(scope, node) is not None:
            return True
        if node.op in ("among", "not among") and not empty.isdisjoint(spelled(scope, node.right)):
            return True
        is_test = node.op in _COMPARISONS or node.op in ("is", "is not")
        if is_test and scope.exprs[node.right] == Lit(0):
            return forked(scope, node.left) is not None
        return is_test and _level(scope, node.left, known) == LITERAL
    if type(node) is Choice and node.test == NONE:
        return any(_may_decide(scope, item, known, empty) for item in node.items)
    if type(node) is Call and len(node.args) == 2 and scope.exprs[node.func] in _OBJECT_TESTS:
        return True
    if type(node) is Call and len(node.args) == 1:
        func = scope.exprs[node.func]
        if type(func) is not Attr or func.name not in _PREFIX_TESTS:
            return True  # it may ask for a coroutine function
        return _level(scope, func.base, known) != NOTHING
    if not empty.isdisjoint(spelled(scope, expr)):
        return True
    if type(node) is Var:
        return node.scope != 0  # a function around this one may have been given it
    return _level(scope, expr, known) == LITERAL or forked(scope, expr) is not None


def forked(scope: Scope, expr: int) -> Call | None:
    """The call, perhaps a fork, of which an expression is the number: `pid = os.fork()`, `pid, fd = pty.fork()`."""
    node = scope.exprs[expr]
    if type(node) is Use and len(node.defs) == 1:
        node = scope.exprs[scope.defs[node.defs[0]].value]
    if type(node) is Unpack and node.index == 0:
        node = scope.exprs[node.value]
    if type(node) is not Call or node.args or node.keywords:
        return None
    func = scope.exprs[node.func]
    return node if (type(func) is Attr or type(func) is Var) and func.name in _FORKS else None
