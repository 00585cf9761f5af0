"""Is what a function makes stored where it outlives the request?"""

from __future__ import annotations

from fastapi_lint.facts import NONE, Attr, Bin, Call, Event, EventKind, Lit, Param, Scope, Var
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.regions import branches, stands_in
from fastapi_lint.project.code.spelling import behind_names, defined, is_receiver, parts
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.resources.keeping import is_local_container, kept, may_keep, values
from fastapi_lint.project.serving.lifetimes import Lifetimes
from fastapi_lint.project.types.inference import STATE
from fastapi_lint.project.types.values import ClassV, ExtInstanceV, FunctionV, InstanceV, MethodV, TupleV, Value


class Stores:
    """Answers by frame; what a scope stores is read once."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._keeping: dict[int, list[tuple[Event, frozenset[int]]]] = {}

    def is_kept(self, frame: Frame, expr: int, event: int, lifetimes: Lifetimes) -> bool:
        """Whether the created thing is stored where it outlives the request.

        An item of a container or an attribute of something shared keeps it. A module variable or an attribute of the
        receiver keeps it only behind a guard (`if _client is None`): otherwise each request makes a new one.
        """
        scope = frame.scope
        keeping = [
            store
            for store, kept in self._keeping_events(frame.gid, scope)
            if expr in kept and not self._is_spent(frame, store.value, expr)
        ]
        guarded = bool(keeping) and stands_in(scope, scope.events[event].region, "if", "else")
        for store in keeping:
            if store.kind == EventKind.CALL:
                if guarded:
                    return True
                continue
            if store.kind == EventKind.REBIND and guarded:
                return True
            if store.kind == EventKind.STORE_ITEM and not is_local_container(scope, store.expr):
                return True
            if store.kind == EventKind.STORE_ATTR:
                if is_receiver(scope, store.expr):
                    owner = self._graph.inference.type(frame, store.expr)
                    if any(isinstance(value, ClassV) for value in owner):
                        return True
                    if guarded and not lifetimes.is_made_anew(frame):
                        return True
                elif self._is_shared(frame, store.expr):
                    return True
        return False

    def is_renewed_answer(self, frame: Frame, expr: int, event: int) -> bool:
        """Whether only plain data of what a call gives is stored, anew each time: `state.models = await ask_all()`."""
        scope = frame.scope
        keeping = [store for store, held in self._keeping_events(frame.gid, scope) if expr in held]
        if not keeping or any(
            not self._is_setting(frame.gid, one.expr) for one in branches(scope, scope.events[event].region)
        ):
            return False
        kinds = [self._graph.inference.type(frame, store.value) if store.value != NONE else () for store in keeping]
        return all(kind and all(map(_is_plain, kind)) for kind in kinds)

    def _is_setting(self, gid: int, test: int) -> bool:
        """Whether a test is of nothing but constants of modules: it says the same for each request."""
        index, scope = self._graph.index, self._graph.index.scope(gid)
        nodes = [scope.exprs[part] for part in parts(scope, test)]
        names = [(index.local(gid, node.scope), node.name) for node in nodes if isinstance(node, Var)]
        return all(isinstance(node, (Bin, Lit, Var)) for node in nodes) and index.rebinds.keys().isdisjoint(names)

    def _is_spent(self, frame: Frame, value: int, expr: int) -> bool:
        """Whether a stored value is what functions of the project give that are passed the thing and hand it to nobody.

        `texts[key] = await ask(make_client(), key)` keeps the text.
        """
        scope, inference = frame.scope, self._graph.inference
        node = scope.exprs[behind_names(scope, value)] if value != NONE else None
        called = inference.type(frame, node.func) if isinstance(node, Call) else ()
        given = [*node.args, *(item for _, item in node.keywords)] if isinstance(node, Call) else []
        if not called or not any(expr in values(scope, item) for item in given):
            return False
        return all(isinstance(one, (FunctionV, MethodV)) and not self._hands_on(one) for one in called)

    def _hands_on(self, function: FunctionV | MethodV) -> bool:
        """Whether what a function gives, or stores, may hold one of its arguments."""
        callee = self._graph.inference.binding.frame_of(function)
        exprs = callee.scope.exprs
        returned = self._graph.inference.names.returns(callee.gid)
        held = [exprs[number] for expr in returned for number in values(callee.scope, expr)]
        held += [exprs[number] for _, stored in self._keeping_events(callee.gid, callee.scope) for number in stored]
        held += [exprs[defined(callee.scope, node.base)] for node in held if isinstance(node, Attr)]
        return not returned or callee.scope.is_generator or any(isinstance(node, Param) for node in held)

    def _keeping_events(self, gid: int, scope: Scope) -> list[tuple[Event, frozenset[int]]]:
        """The events of a scope that may keep things, stores and calls of what keeps them, with all that they keep."""
        known = self._keeping.get(gid)
        if known is None:
            keeping = [event for event in scope.events if may_keep(scope, event)]
            known = self._keeping[gid] = [(event, frozenset(kept(scope, event))) for event in keeping]
        return known

    def _is_shared(self, frame: Frame, expr: int) -> bool:
        node = self._graph.index.scope(frame.gid).exprs[expr]
        if isinstance(node, Var):
            owner = self._graph.index.local(frame.gid, node.scope)
            return self._graph.index.scope(owner).kind == "module"
        for value in self._graph.inference.type(frame, expr):
            if isinstance(value, ClassV) or not isinstance(value, (InstanceV, ExtInstanceV)):
                return True
            if isinstance(value, ExtInstanceV) and value.name == STATE:
                node = self._graph.index.scope(frame.gid).exprs[expr]
                return isinstance(node, Attr) and self._graph.inference.is_application(frame, node.base)
        return False


def _is_plain(value: Value) -> bool:
    """Whether a value is plain data, and so is what it is known to hold."""
    if isinstance(value, TupleV):
        return all(_is_plain(item) for kind in value.items for item in kind)
    if not isinstance(value, ExtInstanceV) or not value.name.startswith("builtins."):
        return False
    return all(_is_plain(item) for kind in value.args for item in kind)
