"""Which keys does each run make anew, so that no other run has the same? `uuid.uuid4()`, `secrets.token_hex()`.

So is the next number of a counter of the module (`places = itertools.count()`), as far as this process goes, and so are
those that are kept for as long as the object of a run lives: `runs = WeakKeyDictionary()`, `runs[steps] = key`.
"""

from __future__ import annotations

from fastapi_lint.facts import (
    NONE,
    Attr,
    Await,
    Call,
    Choice,
    Declared,
    EventKind,
    Expr,
    Narrow,
    Param,
    Phi,
    Sub,
    Use,
    Var,
)
from fastapi_lint.project.code.spelling import signature, spelled
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.serving.contexts import Contexts
from fastapi_lint.project.serving.request_data import RequestData
from fastapi_lint.project.types.values import ExternalV, ExtInstanceV

_MAKERS = frozenset(
    {"uuid.uuid1", "uuid.uuid4", "uuid.uuid7", "secrets.token_bytes", "secrets.token_hex", "secrets.token_urlsafe"}
)
_COUNTER = ExternalV("itertools.count")
_WEAK = "weakref.WeakKeyDictionary"
_MOST_HOPS = 8


class NewKeys:
    """Follows keys back through the calls that hand them over; answers are kept."""

    def __init__(self, graph: Graph, contexts: Contexts, request_data: RequestData) -> None:
        self._index = graph.index
        self._inference = graph.inference
        self._contexts = contexts
        self._request_data = request_data
        self._known: dict[tuple[int, int], bool] = {}
        self._given: dict[int, bool] = {}
        self._weak: dict[tuple[int, str], bool] = {}

    def is_new(self, gid: int, expr: int, hops: int = 0) -> bool:
        """Whether an expression of scope `gid` has such a part, or is a parameter for which all calls pass that."""
        if expr == NONE or hops > _MOST_HOPS:
            return False
        scope = self._index.scope(gid)
        node = scope.exprs[expr]
        if isinstance(node, Param):
            return self._is_passed(gid, node.index)
        if isinstance(
            node, (Use, Phi)
        ):  # each of several possibilities has to be new: `given or str(uuid4())` may not be
            values = [scope.defs[number].value for number in node.defs]
            return bool(values) and all(self.is_new(gid, value, hops + 1) for value in values)
        if isinstance(node, Choice):
            return all(self.is_new(gid, item, hops + 1) for item in node.items)
        if isinstance(node, Var):
            return self._is_of_run(gid, node, hops + 1)
        if self._is_kept_weakly(gid, node):
            return True
        if isinstance(node, Call) and (self._makes(gid, node) or self._gives(gid, node, hops + 1)):
            return True
        inside = [node.value] if isinstance(node, (Await, Declared, Narrow)) else signature(node)[1]
        return any(self.is_new(gid, part, hops + 1) for part in inside)

    def _makes(self, gid: int, node: Call) -> bool:
        called = self._inference.type(self._inference.plain_frame(gid), node.func)
        if ExternalV("builtins.next") in called and len(node.args) == 1:
            return self._is_counter(gid, node.args[0])
        return any(isinstance(value, ExternalV) and value.name in _MAKERS for value in called)

    def _is_counter(self, gid: int, expr: int) -> bool:
        """Whether an expression is a variable that its module binds once, to `itertools.count()`."""
        node = self._index.scope(gid).exprs[expr]
        owner = self._index.local(gid, node.scope) if isinstance(node, Var) else NONE
        if not isinstance(node, Var) or (owner, node.name) in self._index.rebinds:
            return False
        scope = self._index.scope(owner)
        values = [scope.exprs[scope.defs[number].value] for number in scope.names.get(node.name, ())]
        made = values[0] if len(values) == 1 and scope.kind == "module" else None
        return isinstance(made, Call) and _COUNTER in self._inference.type(self._index.frame(owner), made.func)

    def _is_of_run(self, gid: int, node: Var, hops: int) -> bool:
        """Whether a name of the function around has a new key in each run: one that requests run, and no start-up."""
        owner = self._index.local(gid, node.scope)
        if self._contexts.categories(owner) != {"request"}:
            return False
        scope = self._index.scope(owner)
        values = [scope.defs[number].value for number in scope.names.get(node.name, ())]
        return bool(values) and all(self.is_new(owner, value, hops) for value in values)

    def _gives(self, gid: int, node: Call, hops: int) -> bool:
        """Whether a function of the project makes such a key, whatever it is asked, or of what all calls pass."""
        functions = self._inference.functions(self._inference.type(self._inference.plain_frame(gid), node.func))
        given = [self._inference.binding.frame_of(one).gid for one in functions]
        return bool(given) and all(self._returns_new(one, hops) for one in given)

    def _returns_new(self, gid: int, hops: int) -> bool:
        known = self._given.get(gid)
        if known is None:
            self._given[gid] = False  # a function that calls itself
            returned = self._inference.names.returns(gid)
            is_cached = self._inference.decorators.is_cached(gid)
            known = bool(returned) and not is_cached and all(self.is_new(gid, one, hops) for one in returned)
            self._given[gid] = known
        return known

    def _is_kept_weakly(self, gid: int, node: Expr) -> bool:
        """Whether a key is looked up that was made for an object, and goes with it."""
        func = self._index.scope(gid).exprs[node.func] if isinstance(node, Call) else None
        if isinstance(func, Attr) and func.name in ("get", "pop"):
            return self._holds_weakly(gid, func.base)
        return isinstance(node, Sub) and self._holds_weakly(gid, node.base)

    def _holds_weakly(self, gid: int, keys: int) -> bool:
        """Whether a module puts nothing but new keys into a dictionary that lets go of them with their objects."""
        kinds = self._inference.type(self._inference.plain_frame(gid), keys)
        if not any(isinstance(one, ExtInstanceV) and one.name == _WEAK for one in kinds):
            return False
        module = self._index.module(gid)
        names = spelled(self._index.scope(gid), keys)
        known = self._weak.get((module.base, names[-1])) if names else False
        if known is None:
            self._weak[module.base, names[-1]] = False  # a key that is made of another one
            put_in = [
                (at, event.value)
                for at in range(module.base, module.base + len(module.facts.scopes))
                for event in self._index.scope(at).events
                if event.kind == EventKind.STORE_ITEM
                and event.value != NONE
                and names[-1] in spelled(self._index.scope(at), event.expr)
            ]
            known = bool(put_in) and all(self.is_new(at, value) for at, value in put_in)
            self._weak[module.base, names[-1]] = known
        return known

    def _is_passed(self, gid: int, number: int) -> bool:
        known = self._known.get((gid, number))
        if known is None:
            self._known[gid, number] = False  # what is only passed on to itself comes from nowhere
            given = self._request_data.given(gid, number)
            known = bool(given) and all(self.is_new(at, value) for at, value in given)
            self._known[gid, number] = known
        return known
