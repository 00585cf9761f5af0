"""Statements and the module."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from fastapi_lint.extract.quick_tree.expressions import Expressions
from fastapi_lint.extract.quick_tree.nodes import OPERATORS
from fastapi_lint.extract.quick_tree.text import NotQuick


class Statements(Expressions):
    """Makes LibCST statements of Python's."""

    def module(self, node: ast.Module) -> Any:
        try:
            return self.make["Module"](self.statements(node.body))
        except (KeyError, IndexError, AttributeError, RecursionError) as error:  # newer nodes, or rare ones
            raise NotQuick from error

    def statements(self, nodes: list[ast.stmt]) -> list[Any]:
        made = []
        for node in nodes:
            kind = type(node)
            compound = _COMPOUND.get(kind)
            if compound is None:
                made.append(self.line([_SIMPLE[kind](self, node)]))
            else:
                made.append(compound(self, node))
        return made

    def block(self, nodes: list[ast.stmt]) -> Any:
        return self.make["IndentedBlock"](self.statements(nodes))

    def orelse(self, nodes: list[ast.stmt]) -> Any:
        return self.make["Else"](self.block(nodes)) if nodes else None

    def expr(self, node: ast.Expr) -> Any:
        return self.make["Expr"](self.expression(node.value))

    def assign(self, node: ast.Assign) -> Any:
        targets = [self.make["AssignTarget"](self.expression(target)) for target in node.targets]
        return self.make["Assign"](targets, self.expression(node.value))

    def annotated(self, node: ast.AnnAssign) -> Any:
        annotation = self.make["Annotation"](self.expression(node.annotation))
        return self.make["AnnAssign"](self.expression(node.target), annotation, self.optional(node.value))

    def augmented(self, node: ast.AugAssign) -> Any:
        target, value = self.expression(node.target), self.expression(node.value)
        return self.make["AugAssign"](target, OPERATORS[type(node.op)][1], value)

    def delete(self, node: ast.Delete) -> Any:
        if len(node.targets) == 1:
            return self.make["Del"](self.expression(node.targets[0]))
        return self.make["Del"](self.make["Tuple"](self.elements(node.targets)))

    def return_(self, node: ast.Return) -> Any:
        return self.make["Return"](self.optional(node.value))

    def raise_(self, node: ast.Raise) -> Any:
        cause = None if node.cause is None else self.make["From"](self.expression(node.cause))
        return self.make["Raise"](self.optional(node.exc), cause)

    def assert_(self, node: ast.Assert) -> Any:
        return self.make["Assert"](self.expression(node.test), self.optional(node.msg))

    def pass_(self, _node: ast.Pass) -> Any:
        return self.make["Pass"]()

    def break_(self, _node: ast.Break) -> Any:
        return self.make["Break"]()

    def continue_(self, _node: ast.Continue) -> Any:
        return self.make["Continue"]()

    def global_(self, node: ast.Global) -> Any:
        return self.make["Global"]([self.make["NameItem"](self.name(name)) for name in node.names])

    def nonlocal_(self, node: ast.Nonlocal) -> Any:
        return self.make["Nonlocal"]([self.make["NameItem"](self.name(name)) for name in node.names])

    def aliases(self, names: list[ast.alias]) -> list[Any]:
        return [
            self.make["ImportAlias"](
                self.dotted(alias.name),
                None if alias.asname is None else self.make["AsName"](self.name(alias.asname)),
            )
            for alias in names
        ]

    def import_(self, node: ast.Import) -> Any:
        return self.make["Import"](self.aliases(node.names))

    def import_from(self, node: ast.ImportFrom) -> Any:
        module = None if node.module is None else self.dotted(node.module)
        star = node.names[0].name == "*"
        names = self.make["ImportStar"]() if star else self.aliases(node.names)
        return self.make["ImportFrom"](module, names, [self.make["Dot"]() for _ in range(node.level)])

    def if_(self, node: ast.If) -> Any:
        test, body = self.expression(node.test), self.block(node.body)
        rest = node.orelse
        if len(rest) == 1 and isinstance(rest[0], ast.If) and self.text.startswith("elif", self.start(rest[0])):
            return self.make["If"](test, body, self.if_(rest[0]))
        return self.make["If"](test, body, self.orelse(rest))

    def while_(self, node: ast.While) -> Any:
        return self.make["While"](self.expression(node.test), self.block(node.body), self.orelse(node.orelse))

    def for_(self, node: ast.For | ast.AsyncFor) -> Any:
        asynchronous = self.asynchronous(isinstance(node, ast.AsyncFor))
        target, iterable = self.expression(node.target), self.expression(node.iter)
        return self.make["For"](target, iterable, self.block(node.body), self.orelse(node.orelse), asynchronous)

    def with_(self, node: ast.With | ast.AsyncWith) -> Any:
        items = [
            self.make["WithItem"](
                self.expression(item.context_expr),
                None if item.optional_vars is None else self.make["AsName"](self.expression(item.optional_vars)),
            )
            for item in node.items
        ]
        return self.make["With"](items, self.block(node.body), self.asynchronous(isinstance(node, ast.AsyncWith)))

    def try_(self, node: Any) -> Any:
        star = not isinstance(node, ast.Try)
        handler = self.make["ExceptStarHandler" if star else "ExceptHandler"]
        handlers = [
            handler(
                self.optional(item.type),
                None if item.name is None else self.make["AsName"](self.name(item.name)),
                self.block(item.body),
            )
            for item in node.handlers
        ]
        final = self.make["Finally"](self.block(node.finalbody)) if node.finalbody else None
        return self.make["TryStar" if star else "Try"](self.block(node.body), handlers, self.orelse(node.orelse), final)

    # -- definitions

    def titled(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> Any:
        if getattr(node, "type_params", None):
            raise NotQuick
        name = self.name(node.name)
        self.titles[id(name)] = node
        return name

    def decorators(self, nodes: list[ast.expr]) -> list[Any]:
        return [self.make["Decorator"](self.expression(node)) for node in nodes]

    def function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Any:
        return self.make["FunctionDef"](
            self.titled(node),
            self.parameters(node.args),
            self.block(node.body),
            self.decorators(node.decorator_list),
            self.annotation(node.returns),
            self.asynchronous(isinstance(node, ast.AsyncFunctionDef)),
        )

    def klass(self, node: ast.ClassDef) -> Any:
        arguments = self.arguments(node.bases, node.keywords)
        bases = [item for item in arguments if item.keyword is None and item.star != "**"]
        keywords = [item for item in arguments if item.keyword is not None or item.star == "**"]
        name, body = self.titled(node), self.block(node.body)
        return self.make["ClassDef"](name, body, bases, keywords, self.decorators(node.decorator_list))


_SIMPLE: dict[type, Callable[[Statements, Any], Any]] = {
    ast.Expr: Statements.expr,
    ast.Assign: Statements.assign,
    ast.AnnAssign: Statements.annotated,
    ast.AugAssign: Statements.augmented,
    ast.Delete: Statements.delete,
    ast.Return: Statements.return_,
    ast.Raise: Statements.raise_,
    ast.Assert: Statements.assert_,
    ast.Pass: Statements.pass_,
    ast.Break: Statements.break_,
    ast.Continue: Statements.continue_,
    ast.Global: Statements.global_,
    ast.Nonlocal: Statements.nonlocal_,
    ast.Import: Statements.import_,
    ast.ImportFrom: Statements.import_from,
}
_COMPOUND: dict[type, Callable[[Statements, Any], Any]] = {
    ast.If: Statements.if_,
    ast.While: Statements.while_,
    ast.For: Statements.for_,
    ast.AsyncFor: Statements.for_,
    ast.With: Statements.with_,
    ast.AsyncWith: Statements.with_,
    ast.Try: Statements.try_,
    ast.FunctionDef: Statements.function,
    ast.AsyncFunctionDef: Statements.function,
    ast.ClassDef: Statements.klass,
}
if hasattr(ast, "TryStar"):
    _COMPOUND[ast.TryStar] = Statements.try_
