"""How many of the calls on the event loop does the model understand, and why not the others?

A call is resolved if its callee is known: a function or class whose source is at hand, an entry of the catalogue, a
name of the standard library, or a library's name that the catalogue does not list. What an unresolved call is about can
only be estimated. It looks *first-party* if

- its name comes from an import of a first-party module, or from a definition in the same file, or
- what it is looked up on is known to be a first-party module, class or instance, or
- it is a method whose name some function of the project has and neither a catalogued type nor a class of the standard
  library's common modules.

It is *ambiguous* if it is a method whose name both have (`get`, `create`). The share of first-party callees that are
resolved is therefore told twice: of those that look first-party, and with the ambiguous ones. The truth lies between.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Iterator
from typing import Literal

import msgspec

from fastapi_lint.facts import (
    NONE,
    Attr,
    Await,
    Call,
    Choice,
    Cls,
    Declared,
    Enter,
    EventKind,
    Exc,
    Free,
    Func,
    Import,
    Iter,
    Lit,
    Narrow,
    Param,
    ParamFacts,
    Phi,
    Place,
    Sub,
    Unpack,
    Use,
    Var,
)
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.types.values import (
    ClassV,
    ExternalV,
    ExtInstanceV,
    ExtMemberV,
    FunctionV,
    InstanceV,
    MethodV,
    ModuleV,
    PartialV,
    SuperV,
    Type,
    Value,
    WrappedV,
)

KINDS = ("first-party", "catalogued", "standard-library", "library", "unresolved")
"""From best to worst: of a call that runs in several ways the best one counts."""

_COMMON_MODULES = ("asyncio", "builtins", "collections", "datetime", "io", "logging", "pathlib", "re", "threading")
_ON_THE_LOOP = frozenset({"runs", "once", "coroutine", "task", "injected"})
_MOST_HOPS = 12


class UnresolvedCall(msgspec.Struct, frozen=True):
    """`reason` is `unknown receiver`, `unknown name` or `dynamic`; `cause` says what it goes back to."""

    path: str
    place: Place
    callee: str
    reason: str
    cause: str
    origin: Literal["first-party", "ambiguous", "other"]


class Resolution(msgspec.Struct, frozen=True):
    """Calls by kind, and those that were not resolved."""

    calls: dict[str, int]
    unresolved: tuple[UnresolvedCall, ...]

    @property
    def total(self) -> int:
        return sum(self.calls.values())

    @property
    def resolved(self) -> float:
        """The share of all calls whose callee is known; 1 where there is no call."""
        return 1 - self.calls["unresolved"] / self.total if self.total else 1.0

    @property
    def first_party(self) -> float:
        """The share of the first-party callees that are known."""
        return self._share("first-party")

    @property
    def first_party_at_least(self) -> float:
        """The same if every ambiguous callee were a first-party one."""
        return self._share("first-party", "ambiguous")

    def _share(self, *origins: str) -> float:
        missed = sum(call.origin in origins for call in self.unresolved)
        known = self.calls["first-party"]
        return known / (known + missed) if known + missed else 1.0


class Resolver:
    """Classifies the calls of frames."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._index = graph.index
        self._inference = graph.inference
        self._names = self._names_of_functions()
        self._names_of_libraries = self._names_of_others()

    def _names_of_functions(self) -> set[str]:
        scopes = (self._index.scope(gid) for gid in range(self._index.count))
        return {scope.name for scope in scopes if scope.kind == "function"}

    def _names_of_others(self) -> set[str]:
        names: set[str] = set()
        for library in self._inference.libraries.catalogue.libraries:
            for listed in library.type:
                names.update(part for spec in listed.call for name in spec.names for part in name.split("."))
                names.update(listed.attributes)
            for spec in library.function:
                names.update(name.rpartition(".")[2] for name in spec.names)
        for module in map(importlib.import_module, _COMMON_MODULES):
            for _, kind in inspect.getmembers(module, inspect.isclass):
                names.update(dir(kind))
        return names

    def of(self, roots: list[Frame], counts: frozenset[str]) -> Resolution:
        """The calls of the roots, and of plain functions that they run, in the files `counts`."""
        found: dict[tuple[int, int], tuple[int, Frame]] = {}
        for frame in self._on_the_loop(roots):
            if self._index.module(frame.gid).path not in counts:
                continue
            scope = self._index.scope(frame.gid)
            for event in scope.events:
                node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
                if isinstance(node, Call) and event.place != NONE:
                    rank = self._rank(self._inference.type(frame, node.func))
                    key = (frame.gid, event.expr)
                    if key not in found or rank < found[key][0]:
                        found[key] = (rank, frame)
        calls = dict.fromkeys(KINDS, 0)
        for rank, _ in found.values():
            calls[KINDS[rank]] += 1
        worst = len(KINDS) - 1
        missed = [self._unresolved(frame, expr) for (_, expr), (rank, frame) in found.items() if rank == worst]
        return Resolution(calls, tuple(sorted(missed, key=lambda call: (call.path, call.place.row, call.place.column))))

    def _on_the_loop(self, roots: list[Frame]) -> Iterator[Frame]:
        seen = dict.fromkeys(roots)
        todo = list(seen)
        while todo:
            frame = todo.pop()
            yield frame
            for edge in self._graph.node(frame).edges:
                is_async = self._index.scope(edge.callee.gid).is_async
                runs_here = edge.mode in ("runs", "once") or (is_async and edge.mode in _ON_THE_LOOP)
                if runs_here and not edge.off_loop and edge.callee not in seen:
                    seen[edge.callee] = None
                    todo.append(edge.callee)

    # -- what is known

    def _rank(self, callee: Type) -> int:
        return min((KINDS.index(self._kind(value)) for value in callee), default=len(KINDS) - 1)

    def _kind(self, value: Value) -> str:
        if isinstance(value, PartialV):
            return self._kind(value.function)
        if isinstance(value, (FunctionV, MethodV, ClassV, WrappedV)):
            return "first-party"
        if isinstance(value, InstanceV):
            known = self._inference.classes.find_method(value.gid, "__call__")
            return "first-party" if known is not None else "unresolved"
        if isinstance(value, (ExternalV, ExtMemberV, ExtInstanceV)):
            spec, name = self._inference.libraries.call_spec(value)
            if spec is not None:
                return "catalogued"
            return "standard-library" if _is_standard(name) else "library"
        return "unresolved"

    # -- what is not

    def _unresolved(self, frame: Frame, expr: int) -> UnresolvedCall:
        scope = self._index.scope(frame.gid)
        module = self._index.module(frame.gid)
        node = scope.exprs[expr]
        if not isinstance(node, Call):
            raise TypeError("only calls are classified")
        func = scope.exprs[node.func]
        reason, cause = "dynamic", self._cause(frame, node.func, 0)
        if isinstance(func, Attr):
            receiver = self._inference.type(frame, func.base)
            reason = "unknown name" if receiver else "unknown receiver"
            cause = f"no member of {self._described(receiver[0])}" if receiver else self._cause(frame, func.base, 0)
        elif isinstance(func, (Use, Var, Free)):
            reason = "unknown name"
        return UnresolvedCall(
            path=module.path,
            place=module.facts.places[node.place],
            callee=self._spelled(frame, node.func),
            reason=reason,
            cause=cause,
            origin=self._origin(frame, node.func),
        )

    def _origin(self, frame: Frame, expr: int) -> Literal["first-party", "ambiguous", "other"]:
        if self._looks_first_party(frame, expr):
            return "first-party"
        node = self._index.scope(frame.gid).exprs[expr]
        if not isinstance(node, Attr) or node.name not in self._names or self._inference.type(frame, node.base):
            return "other"
        return "ambiguous" if node.name in self._names_of_libraries else "first-party"

    def _looks_first_party(self, frame: Frame, expr: int, hops: int = 0) -> bool:
        if hops > _MOST_HOPS:
            return False
        node = self._index.scope(frame.gid).exprs[expr]
        if isinstance(node, Attr):
            receiver = self._inference.type(frame, node.base)
            return any(isinstance(value, (ModuleV, ClassV, InstanceV, SuperV)) for value in receiver)
        if isinstance(node, (Func, Cls)):
            return True
        if isinstance(node, Import):
            return self._is_first_party(frame, node)
        return any(
            self._looks_first_party(where, value, hops + 1)
            for where, value in self._definitions(frame, expr)
            if isinstance(self._index.scope(where.gid).exprs[value], (Func, Cls, Import, Use, Var, Phi))
        )

    def _is_first_party(self, frame: Frame, node: Import) -> bool:
        importer, table = self._index.module(frame.gid), self._index.table
        if node.level > 0 or table.absolute(importer, node.module) is not None:
            return True
        return table.owns(importer, node.module.partition(".")[0])

    def _definitions(self, frame: Frame, expr: int) -> list[tuple[Frame, int]]:
        """What a name is bound to: expressions with the scopes that hold them."""
        scope = self._index.scope(frame.gid)
        node = scope.exprs[expr]
        if isinstance(node, (Use, Phi)):
            return [(frame, scope.defs[number].value) for number in node.defs]
        if isinstance(node, Var):
            owner = self._index.around(self._index.local(frame.gid, node.scope), frame)
            outer = self._index.scope(owner.gid)
            return [(owner, outer.defs[number].value) for number in outer.names.get(node.name, ())]
        return []

    def _cause(self, frame: Frame, expr: int, hops: int) -> str:
        """What a value that is not known goes back to."""
        if hops > _MOST_HOPS:
            return "a value that depends on itself"
        scope = self._index.scope(frame.gid)
        node = scope.exprs[expr]
        if isinstance(node, (Use, Var, Phi)):
            for where, value in self._definitions(frame, expr):
                return self._cause(where, value, hops + 1)
            return "a name that is bound nowhere"
        if isinstance(node, Param):
            return _cause_of_parameter(scope.params[node.index])
        if isinstance(node, Attr):
            receiver = self._inference.type(frame, node.base)
            if receiver:
                return f"the attribute `{node.name}` of {self._described(receiver[0])}"
            return self._cause(frame, node.base, hops + 1)
        if isinstance(node, Call):
            return self._cause_of_result(frame, node, hops)
        if isinstance(node, (Await, Iter, Enter, Unpack, Narrow)):
            inner = self._inference.type(frame, node.value)
            if inner:
                return f"{type(node).__name__.lower()} of {self._described(inner[0])}"
            return self._cause(frame, node.value, hops + 1)
        if isinstance(node, Declared):
            return "a declaration that says too little"
        if isinstance(node, Sub):
            inner = self._inference.type(frame, node.base)
            return f"an item of {self._described(inner[0])}" if inner else self._cause(frame, node.base, hops + 1)
        if isinstance(node, Import):
            name = f"{node.module}.{node.name}" if node.name else node.module
            return f"the import `{'.' * node.level}{name}`"
        if isinstance(node, Choice):
            return self._cause(frame, node.items[0], hops + 1)
        return {Lit: "a literal", Exc: "an exception", Free: "a name that a star import may bind"}.get(
            type(node), f"an expression ({type(node).__name__.lower()})"
        )

    def _cause_of_result(self, frame: Frame, node: Call, hops: int) -> str:
        callee = self._inference.type(frame, node.func)
        if not callee:
            func = self._index.scope(frame.gid).exprs[node.func]
            return self._cause(frame, func.base if isinstance(func, Attr) else node.func, hops + 1)
        kind = KINDS[self._rank(callee)]
        if kind == "first-party":
            return f"the result of {self._described(callee[0])}"
        _, name = self._inference.libraries.call_spec(callee[0])
        return f"the result of `{name}` ({kind})"

    def _described(self, value: Value) -> str:
        if isinstance(value, (FunctionV, ClassV, InstanceV)):
            return f"`{self._index.name(value.gid)}`"
        if isinstance(value, (MethodV, WrappedV)):
            return f"`{self._index.name(value.function.gid)}`"
        if isinstance(value, ModuleV):
            return f"`{value.path}`"
        if isinstance(value, (ExternalV, ExtInstanceV)):
            return f"`{value.name}`"
        if isinstance(value, ExtMemberV):
            return f"`{value.name}.{value.path}`"
        return f"a {type(value).__name__.removesuffix('V').lower()}"

    def _spelled(self, frame: Frame, expr: int) -> str:
        scope = self._index.scope(frame.gid)
        node = scope.exprs[expr]
        if isinstance(node, Attr):
            return f"{self._spelled(frame, node.base)}.{node.name}"
        if isinstance(node, (Use, Phi)) and node.defs:
            return scope.defs[node.defs[0]].name
        if isinstance(node, (Var, Free)):
            return node.name
        if isinstance(node, Call):
            return f"{self._spelled(frame, node.func)}(...)"
        if isinstance(node, Sub):
            return f"{self._spelled(frame, node.base)}[...]"
        if isinstance(node, Await):
            return f"(await {self._spelled(frame, node.value)})"
        if isinstance(node, (Narrow, Declared)) and node.value != NONE:
            return self._spelled(frame, node.value)
        return "..."


def _cause_of_parameter(parameter: ParamFacts) -> str:
    if parameter.kind in ("args", "kwargs"):
        return "a parameter of any number of values"
    if parameter.annotation == NONE:
        return "a parameter without annotation"
    return "a parameter with an annotation that says too little"


def _is_standard(name: str) -> bool:
    root = name.partition(".")[0]
    return root == "builtins" or root in sys.stdlib_module_names
