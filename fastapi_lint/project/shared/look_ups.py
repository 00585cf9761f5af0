"""Under which key of a dictionary that no request fills has a look-up found something?

`config = CONFIGS.get(name)`, then `if config is None: raise`: there are no more names behind it than configurations.
The look-up may stand in a function that gives what it finds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fastapi_lint.facts import (
    NONE,
    Attr,
    Bin,
    Call,
    EventKind,
    Free,
    Lit,
    Param,
    Scope,
    Seq,
    Sub,
)
from fastapi_lint.project.code.call_arguments import argument_at
from fastapi_lint.project.code.spelling import behind_names
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.types.values import ClassV, ExtInstanceV, InstanceV, Type, Value

_DICTIONARIES = frozenset({"builtins.dict", "collections.OrderedDict", "types.MappingProxyType"})


class LookUps:
    """Answers by test and by expression; `is_list` tells of a container of a scope that no request fills it."""

    def __init__(self, graph: Graph, is_list: Callable[[int, int], bool]) -> None:
        self._index = graph.index
        self._inference = graph.inference
        self._is_list = is_list

    def found_by(self, gid: int, test: int, holds: bool) -> Iterator[int]:
        """What a simple test says to be in a dictionary, because a look-up has found something under it."""
        scope = self._index.scope(gid)
        node = scope.exprs[test]
        if isinstance(node, Bin) and node.op in ("is", "is not") and scope.exprs[node.right] == Lit(None):
            if (node.op == "is not") is holds:
                yield from self._looked_up(gid, node.left)
        elif holds and isinstance(node, Call) and scope.exprs[node.func] == Free("isinstance") and len(node.args) == 2:
            yield from self._looked_up(gid, node.args[0], self._classes(gid, node.args[1]))
        elif holds:
            yield from self._looked_up(gid, test)

    def _classes(self, gid: int, expr: int) -> Type:
        node = self._index.scope(gid).exprs[expr]
        several = node.items if isinstance(node, Seq) else (expr,)
        frame = self._inference.plain_frame(gid)
        return tuple(value for one in several for value in self._inference.type(frame, one))

    def _looked_up(self, gid: int, expr: int, classes: Type = ()) -> Iterator[int]:
        """The key under which a value was found, if it is something, and of one of some classes where there are any."""
        scope = self._index.scope(gid)
        found = behind_names(scope, expr)
        key = self.key(gid, found)
        if key != NONE:
            yield key
        node = scope.exprs[found]
        frame = self._inference.plain_frame(gid)
        functions = self._inference.functions(self._inference.type(frame, node.func)) if isinstance(node, Call) else []
        if not isinstance(node, Call) or len(functions) != 1:
            return
        callee = self._inference.binding.frame_of(functions[0])
        number = self._number_of_key(callee.gid, classes)
        if number != NONE:
            parameter = callee.scope.params[number]
            skip = int(callee.receiver is not None)
            given = argument_at(scope, node, number - skip, parameter.name, parameter.kind)
            yield from () if given == NONE else (given,)

    def _number_of_key(self, gid: int, classes: Type) -> int:
        """The parameter under which a function has found all that it gives, apart from None and other classes."""
        scope = self._index.scope(gid)
        frame = self._inference.plain_frame(gid)
        keys: set[int] = set()
        for event in scope.events if not scope.is_generator else ():
            if event.kind != EventKind.RETURN or event.expr == NONE or scope.exprs[event.expr] == Lit(None):
                continue
            kind = self._inference.type(frame, event.expr)
            key = self.key(gid, behind_names(scope, event.expr))
            if key == NONE and kind and classes and not any(self._may_be(value, classes) for value in kind):
                continue
            keys.add(_parameter(scope, key))
        return keys.pop() if len(keys) == 1 else NONE

    def _may_be(self, value: Value, classes: Type) -> bool:
        """Whether a value may be an instance of one of some classes, as far as they are the project's."""
        if not isinstance(value, InstanceV):
            return True
        mro = self._inference.classes.mro(value.gid)
        return any(not isinstance(one, ClassV) or one.gid in mro for one in classes)

    def key(self, gid: int, expr: int) -> int:
        """The key of a look-up in a dictionary that no request fills: `LIST.get(key)`, `LIST[key]`."""
        scope = self._index.scope(gid)
        node = scope.exprs[expr]
        func = scope.exprs[node.func] if isinstance(node, Call) else None
        base, key = NONE, NONE
        if isinstance(node, Sub):
            base, key = node.base, node.index
        elif isinstance(node, Call) and isinstance(func, Attr) and func.name == "get" and node.args:
            if len(node.args) == 1 or scope.exprs[node.args[1]] == Lit(None):
                base, key = func.base, node.args[0]
        if base == NONE or not self._is_list(gid, base):
            return NONE
        kind = self._inference.type(self._inference.plain_frame(gid), base)
        is_dict = bool(kind) and all(isinstance(one, ExtInstanceV) and one.name in _DICTIONARIES for one in kind)
        return key if is_dict else NONE


def _parameter(scope: Scope, expr: int) -> int:
    """The number of the parameter that an expression is; NONE for all others."""
    node = scope.exprs[behind_names(scope, expr)] if expr != NONE else None
    return node.index if isinstance(node, Param) else NONE
