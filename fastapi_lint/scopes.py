"""Which scope binds which name: settled for a whole module before anything else asks.

Python decides at compile time whether a name is local. So a first pass over the tree collects, for each scope, the
names that it binds and those it declares global or nonlocal, and for each loop the names bound inside (they need a
phi). Names bound by a comprehension's `for` belong to the comprehension and are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import libcst as cst


class ScopeNames:
    """The names of one scope."""

    __slots__ = ("bound", "globals", "loops", "nonlocals")

    def __init__(self) -> None:
        self.bound: set[str] = set()
        self.globals: set[str] = set()
        self.nonlocals: set[str] = set()
        self.loops: list[set[str]] = []

    def bind(self, name: str) -> None:
        if name in self.globals or name in self.nonlocals:
            return
        self.bound.add(name)
        for names in self.loops:
            names.add(name)


class ModuleNames:
    """`scopes` by the id of the node that opens the scope, `loops` by the id of the loop; the tree must stay alive."""

    def __init__(self) -> None:
        self.scopes: dict[int, ScopeNames] = {}
        self.loops: dict[int, set[str]] = {}


# Fields that hold layout, or nothing that binds a name.
_SKIPPED = frozenset(
    {
        "lpar", "rpar", "lbracket", "rbracket", "lbrace", "rbrace", "comma", "semicolon", "leading_lines", "header",
        "footer", "trailing_whitespace", "lines_after_decorators", "newline", "colon", "equal", "dot", "operator",
        "asynchronous", "lines_after_colon", "whitespace", "comment", "indent", "star_etc", "keyword",
    }
)  # fmt: skip
_LEAVES: frozenset[type] = frozenset(
    {
        cst.Name, cst.Integer, cst.Float, cst.Imaginary, cst.SimpleString, cst.Ellipsis, cst.Pass, cst.Break,
        cst.Continue, cst.MaybeSentinel, str, bool, type(None),
    }
)  # fmt: skip


class _Fields:
    """For each node class the fields that can hold nodes worth visiting; made once per class."""

    def __init__(self) -> None:
        self._table: dict[type, tuple[str, ...]] = {}

    def of(self, kind: type) -> tuple[str, ...]:
        fields = self._table.get(kind)
        if fields is None:
            is_node = issubclass(kind, cst.CSTNode)  # asked once: asking for each value takes longer than all the rest
            names: Iterator[str] = iter(kind.__dataclass_fields__ if is_node else ())  # type: ignore[attr-defined]
            fields = tuple(
                name for name in names if name not in _SKIPPED and not name.startswith(("whitespace", "lines_"))
            )
            self._table[kind] = fields
        return fields


def bind_names(module: cst.Module) -> ModuleNames:
    """The names of every scope of `module`."""
    return _Binder().run(module)


def names_in(nodes: Iterable[Any]) -> set[str]:
    """Every name that stands in some code, attributes included, whatever it is there for."""
    fields, found = _Fields(), set[str]()
    todo = list(nodes)
    while todo:
        node = todo.pop()
        kind = type(node)
        if kind is cst.Name:
            found.add(node.value)
        elif kind is list or kind is tuple:
            todo += node
        elif kind not in _LEAVES:
            todo += [getattr(node, name) for name in fields.of(kind)]
    return found


class _Binder:
    def __init__(self) -> None:
        self.result = ModuleNames()
        self.current = ScopeNames()
        self.fields = _Fields()
        self.handlers: dict[type, Callable[[Any], None]] = {
            cst.FunctionDef: self.function,
            cst.ClassDef: self.klass,
            cst.Lambda: self.lambda_,
            cst.ListComp: self.comprehension,
            cst.SetComp: self.comprehension,
            cst.DictComp: self.comprehension,
            cst.GeneratorExp: self.comprehension,
            cst.AssignTarget: lambda node: self.target(node.target),
            cst.AnnAssign: self.annotated,
            cst.AugAssign: self.augmented,
            cst.NamedExpr: self.walrus,
            cst.For: self.loop,
            cst.While: self.loop,
            cst.AsName: lambda node: self.target(node.name),
            cst.Import: self.import_,
            cst.ImportFrom: self.import_from,
            cst.Global: self.global_,
            cst.Nonlocal: self.nonlocal_,
            cst.MatchAs: self.capture,
            cst.MatchStar: self.capture,
            cst.MatchMapping: self.match_mapping,
            cst.Del: self.delete,
        }

    def run(self, module: cst.Module) -> ModuleNames:
        self.result.scopes[id(module)] = self.current
        for statement in module.body:
            self.visit(statement)
        self.handlers.clear()  # they know the binder: see ModuleBuilder.finish
        return self.result

    def visit(self, node: Any) -> None:
        kind = type(node)
        if kind in _LEAVES:
            return
        handler = self.handlers.get(kind)
        if handler is not None:
            handler(node)
        else:
            self.children(node)

    def children(self, node: Any) -> None:
        for name in self.fields.of(type(node)):
            value = getattr(node, name)
            kind = type(value)
            if kind is list or kind is tuple:
                for item in value:
                    self.visit(item)
            elif kind not in _LEAVES:
                self.visit(value)

    def target(self, node: Any) -> None:
        kind = type(node)
        if kind is cst.Name:
            self.current.bind(node.value)
        elif kind in (cst.Tuple, cst.List):
            for element in node.elements:
                self.target(element.value)
        elif kind is cst.StarredElement:
            self.target(node.value)
        else:
            self.visit(node)

    def open_scope(self, node: Any) -> ScopeNames:
        outer = self.current
        self.current = self.result.scopes[id(node)] = ScopeNames()
        return outer

    def parameters(self, parameters: cst.Parameters) -> list[cst.Param]:
        found = [*parameters.posonly_params, *parameters.params, *parameters.kwonly_params]
        if isinstance(parameters.star_arg, cst.Param):
            found.append(parameters.star_arg)
        if parameters.star_kwarg is not None:
            found.append(parameters.star_kwarg)
        return found

    def function(self, node: cst.FunctionDef) -> None:
        self.current.bind(node.name.value)
        for decorator in node.decorators:
            self.visit(decorator.decorator)
        if node.returns is not None:
            self.visit(node.returns.annotation)
        parameters = self.parameters(node.params)
        for parameter in parameters:
            if parameter.default is not None:
                self.visit(parameter.default)
            if parameter.annotation is not None:
                self.visit(parameter.annotation.annotation)
        outer = self.open_scope(node)
        for parameter in parameters:
            self.current.bind(parameter.name.value)
        self.visit(node.body)
        self.current = outer

    def klass(self, node: cst.ClassDef) -> None:
        self.current.bind(node.name.value)
        for decorator in node.decorators:
            self.visit(decorator.decorator)
        for argument in (*node.bases, *node.keywords):
            self.visit(argument.value)
        outer = self.open_scope(node)
        self.visit(node.body)
        self.current = outer

    def lambda_(self, node: cst.Lambda) -> None:
        parameters = self.parameters(node.params)
        for parameter in parameters:
            if parameter.default is not None:
                self.visit(parameter.default)
            if parameter.annotation is not None:
                self.visit(parameter.annotation.annotation)
        outer = self.open_scope(node)
        for parameter in parameters:
            self.current.bind(parameter.name.value)
        self.visit(node.body)
        self.current = outer

    def comprehension(self, node: Any) -> None:
        if isinstance(node, cst.DictComp):
            self.visit(node.key)
            self.visit(node.value)
        else:
            self.visit(node.elt)
        part: cst.CompFor | None = node.for_in
        while part is not None:
            self.visit(part.iter)
            for condition in part.ifs:
                self.visit(condition.test)
            part = part.inner_for_in

    def annotated(self, node: cst.AnnAssign) -> None:
        self.target(node.target)
        self.visit(node.annotation.annotation)
        if node.value is not None:
            self.visit(node.value)

    def augmented(self, node: cst.AugAssign) -> None:
        self.target(node.target)
        self.visit(node.value)

    def walrus(self, node: cst.NamedExpr) -> None:
        self.target(node.target)
        self.visit(node.value)

    def loop(self, node: Any) -> None:
        names: set[str] = set()
        self.result.loops[id(node)] = names
        if isinstance(node, cst.For):
            self.visit(node.iter)
            self.current.loops.append(names)
            self.target(node.target)
        else:
            self.current.loops.append(names)
            self.visit(node.test)
        self.visit(node.body)
        self.current.loops.pop()
        if node.orelse is not None:
            self.visit(node.orelse)

    def import_(self, node: cst.Import) -> None:
        for alias in node.names:
            if alias.asname is not None:
                self.target(alias.asname.name)
            else:
                first: Any = alias.name
                while isinstance(first, cst.Attribute):
                    first = first.value
                self.current.bind(first.value)

    def import_from(self, node: cst.ImportFrom) -> None:
        if isinstance(node.names, cst.ImportStar):
            return
        for alias in node.names:
            self.target(alias.asname.name if alias.asname is not None else alias.name)

    def global_(self, node: cst.Global) -> None:
        self.current.globals.update(item.name.value for item in node.names)

    def nonlocal_(self, node: cst.Nonlocal) -> None:
        self.current.nonlocals.update(item.name.value for item in node.names)

    def capture(self, node: Any) -> None:
        if node.name is not None:
            self.current.bind(node.name.value)
        pattern = getattr(node, "pattern", None)
        if pattern is not None:
            self.visit(pattern)

    def match_mapping(self, node: cst.MatchMapping) -> None:
        self.children(node)
        if node.rest is not None:
            self.current.bind(node.rest.value)

    def delete(self, node: cst.Del) -> None:
        self.target(node.target)
