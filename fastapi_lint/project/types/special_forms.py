"""Calls whose result depends on their arguments in a way that no catalogue entry can say."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fastapi_lint.facts import NONE, Call, Lit, Map
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.index import Index
from fastapi_lint.project.types.protocols import MAPPINGS
from fastapi_lint.project.types.values import (
    ClassV,
    CoroutineV,
    ExternalV,
    ExtInstanceV,
    ExtMemberV,
    InstanceV,
    SuperV,
    TupleV,
    Type,
    Value,
    union,
)

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_PLAIN_MEMBERS = frozenset({"__init__", "__doc__", "__module__", "__qualname__"})
_LIST_MAKERS = ("list", "sorted", "reversed", "tuple", "set", "frozenset")


class SpecialForms:
    """`super`, `partial`, `cast`, `next`, `gather` and the methods of containers."""

    def __init__(self, index: Index, inference: Inference) -> None:
        self._index = index
        self._inference = inference
        self._functions: dict[str, Callable[[Frame, Call], Type]] = {
            "builtins.super": self._super,
            "functools.partial": self._partial,
            "typing.cast": lambda frame, node: self._inference.annotations.type(frame, self._arg(node, 0)),
            "builtins.next": lambda frame, node: self._items(frame, node, 0),
            "builtins.anext": lambda frame, node: (CoroutineV(None, self._items(frame, node, 0, True)),),
            "builtins.iter": self._first,
            "builtins.type": self._type,
            "builtins.getattr": self._getattr,
            "builtins.enumerate": self._enumerate,
            "builtins.zip": self._zip,
            "builtins.max": lambda frame, node: self._items(frame, node, 0),
            "builtins.min": lambda frame, node: self._items(frame, node, 0),
            "contextlib.closing": self._first,
            "contextlib.nullcontext": self._first,
            "asyncio.create_task": self._first,
            "asyncio.ensure_future": self._first,
            "asyncio.wait_for": self._first,
            "asyncio.shield": self._first,
            "asyncio.gather": self._gather,
            "asyncio.run": lambda frame, node: self._awaited(self._first(frame, node)),
            "asyncio.to_thread": self._offloaded,
            "starlette.concurrency.run_in_threadpool": self._offloaded,
            "fastapi.concurrency.run_in_threadpool": self._offloaded,
            "anyio.to_thread.run_sync": self._offloaded,
            "copy.copy": self._first,
            "copy.deepcopy": self._first,
        }
        for name in _LIST_MAKERS:
            self._functions[f"builtins.{name}"] = self._list

    def result(self, value: Value, frame: Frame, node: Call) -> Type | None:
        """The result, or None if `value` is no special form."""
        if isinstance(value, ExternalV):
            form = self._functions.get(value.name)
            return form(frame, node) if form is not None else None
        if isinstance(value, ExtMemberV):
            return self._member(value, frame, node)
        return None

    def _arg(self, node: Call, position: int) -> int:
        return node.args[position] if position < len(node.args) else NONE

    def _given(self, frame: Frame, node: Call, position: int) -> Type:
        expr = self._arg(node, position)
        return self._inference.type(frame, expr) if expr != NONE else ()

    def _first(self, frame: Frame, node: Call) -> Type:
        return self._given(frame, node, 0)

    def _awaited(self, kind: Type) -> Type:
        return union(self._inference.protocols.awaited(value) for value in kind)

    def _items(self, frame: Frame, node: Call, position: int, is_async: bool = False) -> Type:
        return self._inference.protocols.items(self._given(frame, node, position), is_async)

    def _list(self, frame: Frame, node: Call) -> Type:
        return (ExtInstanceV("builtins.list", (self._items(frame, node, 0),)),)

    def _super(self, frame: Frame, _node: Call) -> Type:
        method = self._index.method_around(frame.gid)
        if method == NONE:
            return ()
        owner = self._index.class_of(method)
        receiver = frame.receiver
        if receiver is None:
            receiver = self._inference.plain_frame(method).receiver
        return (SuperV(owner, receiver),) if receiver is not None else ()

    def _partial(self, frame: Frame, node: Call) -> Type:
        return tuple(self._inference.binding.partial(value, frame, node) for value in self._first(frame, node))

    def _type(self, frame: Frame, node: Call) -> Type:
        """The class of an object; with three arguments a new class, which is known by its bases if it adds nothing."""
        if len(node.args) == 3:
            if not self._adds_nothing(frame, node.args[2]):
                return ()
            bases = self._given(frame, node, 1)
            items = [item for value in bases if isinstance(value, TupleV) for item in value.items]
            return tuple(value for item in items for value in item if isinstance(value, (ClassV, ExternalV)))
        return tuple(ClassV(value.gid) for value in self._first(frame, node) if isinstance(value, InstanceV))

    def _adds_nothing(self, frame: Frame, expr: int) -> bool:
        """Whether a dict display has no members that could replace those of a base, but for the constructor."""
        scope = self._index.scope(frame.gid)
        node = scope.exprs[expr]
        keys = [scope.exprs[key] for key in node.keys if key != NONE] if isinstance(node, Map) else []
        names = {key.value for key in keys if isinstance(key, Lit)}
        return isinstance(node, Map) and len(names) == len(node.keys) and names <= _PLAIN_MEMBERS

    def _getattr(self, frame: Frame, node: Call) -> Type:
        expr = self._arg(node, 1)
        name = self._index.scope(frame.gid).exprs[expr] if expr != NONE else None
        if not isinstance(name, Lit) or not isinstance(name.value, str):
            return ()
        attribute = name.value
        found = union(self._inference.attribute(value, attribute) for value in self._first(frame, node))
        return union([found, self._given(frame, node, 2)])

    def _enumerate(self, frame: Frame, node: Call) -> Type:
        pair = TupleV(((ExtInstanceV("builtins.int"),), self._items(frame, node, 0)))
        return (ExtInstanceV("typing.Iterator", ((pair,),)),)

    def _zip(self, frame: Frame, node: Call) -> Type:
        row = TupleV(tuple(self._items(frame, node, number) for number in range(len(node.args))))
        return (ExtInstanceV("typing.Iterator", ((row,),)),)

    def _gather(self, frame: Frame, node: Call) -> Type:
        results = tuple(self._awaited(self._inference.type(frame, arg)) for arg in node.args)
        return (CoroutineV(None, (TupleV(results),)),)

    def _offloaded(self, frame: Frame, node: Call) -> Type:
        """`await to_thread(f, ...)` gives what `f(...)` would."""
        calls = self._inference.calls
        types = []
        for value in self._first(frame, node):
            shifted = Call(node.args[0], node.args[1:], node.keywords, node.place)
            types.append(calls.result_of(value, frame, shifted))
        return (CoroutineV(None, union(types)),)

    def _member(self, value: ExtMemberV, frame: Frame, node: Call) -> Type | None:
        if value.path in ("enter_context", "enter_async_context") and value.name.startswith("contextlib."):
            is_async = value.path == "enter_async_context"
            return self._inference.protocols.entered(self._first(frame, node), is_async)
        return self._container_method(value)

    def _container_method(self, value: ExtMemberV) -> Type | None:
        if not value.args:
            return None
        if value.name in MAPPINGS and len(value.args) == 2:
            return self._dict_method(value.path, value.args[0], value.args[1])
        if not value.name.startswith("builtins."):
            return None
        if value.path == "pop":
            return value.args[0]
        if value.path == "copy":
            return (ExtInstanceV(value.name, value.args),)
        return None

    def _dict_method(self, name: str, keys: Type, values: Type) -> Type | None:
        if name in ("get", "pop", "setdefault"):
            return values
        if name in ("values", "keys"):
            return (ExtInstanceV("typing.Iterator", (values if name == "values" else keys,)),)
        if name == "items":
            return (ExtInstanceV("typing.Iterator", ((TupleV((keys, values)),),)),)
        return None
