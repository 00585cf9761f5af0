"""Expressions, names and literals, and the parameters of functions and lambdas."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Any

import libcst as cst

from fastapi_lint.extract.quick_tree.nodes import COMPARISONS, OPERATORS, UNARY
from fastapi_lint.extract.quick_tree.text import NotQuick, Text

_ONE_STRING = re.compile(
    r"""[a-zA-Z]{0,2}(?:"(?!"")[^"\\\n]*(?:\\.[^"\\\n]*)*"|'(?!'')[^'\\\n]*(?:\\.[^'\\\n]*)*')""", re.DOTALL
)
_PREFIX = re.compile(r"[a-zA-Z]*")


class Expressions(Text):
    """Makes LibCST expressions of Python's."""

    # -- names and literals

    def name(self, value: str) -> Any:
        if not value.isascii():
            raise NotQuick  # Python's parser normalizes names
        return self.name_of(value)

    def optional(self, node: ast.expr | None) -> Any:
        return None if node is None else self.expression(node)

    def dotted(self, text: str) -> Any:
        first, *rest = text.split(".")
        node = self.name(first)
        for part in rest:
            node = self.make["Attribute"](node, self.name(part))
        return node

    def constant(self, node: ast.Constant) -> Any:
        value = node.value
        if isinstance(value, (str, bytes)):
            return self.string(node, value)
        if value is None or value is True or value is False:
            return self.name_of(str(value))
        if value is ...:
            return self.make["Ellipsis"]()
        kinds = {int: "Integer", float: "Float", complex: "Imaginary"}
        return self.make[kinds[type(value)]](self.segment(node))

    def string(self, node: ast.Constant, value: str | bytes) -> Any:
        segment = self.segment(node)
        if _ONE_STRING.fullmatch(segment) is None and not _is_one_long_string(segment):
            return self.piece(node)
        made = self.simple_string(segment)
        self.strings[id(made)] = value
        return made

    # -- expressions

    def expression(self, node: ast.expr) -> Any:
        made = _EXPRESSIONS[type(node)](self, node)
        self.origins[id(made)] = node
        return made

    def as_piece(self, node: ast.expr) -> Any:
        return self.piece(node)

    def plain_name(self, node: ast.Name) -> Any:
        return self.name(node.id)

    def attribute(self, node: ast.Attribute) -> Any:
        return self.make["Attribute"](self.expression(node.value), self.name(node.attr))

    def arguments(self, positional: list[ast.expr], keywords: list[ast.keyword]) -> list[Any]:
        """In the order of the text: `f(*a, key=1, *b)`."""
        arg = self.make["Arg"]
        items: list[Any] = [*positional, *keywords]
        if positional and keywords:
            items.sort(key=lambda item: (item.lineno, item.col_offset))
        made = []
        for item in items:
            if isinstance(item, ast.keyword):
                keyword = None if item.arg is None else self.name(item.arg)
                made.append(arg(self.expression(item.value), keyword, "**" if keyword is None else ""))
            elif isinstance(item, ast.Starred):
                made.append(arg(self.expression(item.value), None, "*"))
            else:
                made.append(arg(self.expression(item), None, ""))
        return made

    def call(self, node: ast.Call) -> Any:
        return self.make["Call"](self.expression(node.func), self.arguments(node.args, node.keywords))

    def subscript(self, node: ast.Subscript) -> Any:
        index = node.slice
        if isinstance(index, ast.Tuple):
            segment = self.segment(index)
            starred = any(isinstance(item, ast.Starred) for item in index.elts)
            if starred or (segment.startswith("(") and segment.endswith(")")):
                return self.piece(node)  # `x[(a, b)]` is not `x[a, b]`
            items = index.elts
        else:
            items = [index]
        value = self.expression(node.value)
        element = self.make["SubscriptElement"]
        return self.make["Subscript"](value, [element(self.index(item)) for item in items])

    def index(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Slice):
            return self.make["Slice"](self.optional(node.lower), self.optional(node.upper), self.optional(node.step))
        return self.make["Index"](self.expression(node))

    def await_(self, node: ast.Await) -> Any:
        return self.make["Await"](self.expression(node.value))

    def binary(self, node: ast.BinOp) -> Any:
        left, right = self.expression(node.left), self.expression(node.right)
        return self.make["BinaryOperation"](left, OPERATORS[type(node.op)][0], right)

    def boolean(self, node: ast.BoolOp) -> Any:
        operator = _AND if isinstance(node.op, ast.And) else _OR
        made = self.expression(node.values[0])
        for value in node.values[1:]:
            made = self.make["BooleanOperation"](made, operator, self.expression(value))
        return made

    def unary(self, node: ast.UnaryOp) -> Any:
        return self.make["UnaryOperation"](UNARY[type(node.op)], self.expression(node.operand))

    def comparison(self, node: ast.Compare) -> Any:
        target = self.make["ComparisonTarget"]
        pairs = zip(node.ops, node.comparators, strict=True)
        left = self.expression(node.left)
        return self.make["Comparison"](left, [target(COMPARISONS[type(op)], self.expression(to)) for op, to in pairs])

    def conditional(self, node: ast.IfExp) -> Any:
        return self.make["IfExp"](self.expression(node.test), self.expression(node.body), self.expression(node.orelse))

    def walrus(self, node: ast.NamedExpr) -> Any:
        return self.make["NamedExpr"](self.expression(node.target), self.expression(node.value))

    def elements(self, items: list[ast.expr]) -> list[Any]:
        element, starred = self.make["Element"], self.make["StarredElement"]
        return [
            starred(self.expression(item.value)) if isinstance(item, ast.Starred) else element(self.expression(item))
            for item in items
        ]

    def tuple_(self, node: ast.Tuple) -> Any:
        return self.make["Tuple"](self.elements(node.elts))

    def list_(self, node: ast.List) -> Any:
        return self.make["List"](self.elements(node.elts))

    def set_(self, node: ast.Set) -> Any:
        return self.make["Set"](self.elements(node.elts))

    def dict_(self, node: ast.Dict) -> Any:
        element, starred = self.make["DictElement"], self.make["StarredDictElement"]
        made = []
        for key, value in zip(node.keys, node.values, strict=True):
            name = self.optional(key)
            made.append(starred(self.expression(value)) if name is None else element(name, self.expression(value)))
        return self.make["Dict"](made)

    def comprehension(self, parts: list[ast.comprehension]) -> Any:
        made = None
        for part in reversed(parts):
            ifs = [self.make["CompIf"](self.expression(test)) for test in part.ifs]
            target, iterable = self.expression(part.target), self.expression(part.iter)
            made = self.make["CompFor"](target, iterable, ifs, made, self.asynchronous(bool(part.is_async)))
        return made

    def list_comp(self, node: ast.ListComp) -> Any:
        return self.make["ListComp"](self.expression(node.elt), self.comprehension(node.generators))

    def set_comp(self, node: ast.SetComp) -> Any:
        return self.make["SetComp"](self.expression(node.elt), self.comprehension(node.generators))

    def generator(self, node: ast.GeneratorExp) -> Any:
        return self.make["GeneratorExp"](self.expression(node.elt), self.comprehension(node.generators))

    def dict_comp(self, node: ast.DictComp) -> Any:
        key, value = self.expression(node.key), self.expression(node.value)
        return self.make["DictComp"](key, value, self.comprehension(node.generators))

    def yield_(self, node: ast.Yield) -> Any:
        return self.make["Yield"](self.optional(node.value))

    def yield_from(self, node: ast.YieldFrom) -> Any:
        return self.make["Yield"](self.make["From"](self.expression(node.value)))

    def lambda_(self, node: ast.Lambda) -> Any:
        return self.make["Lambda"](self.parameters(node.args), self.expression(node.body))

    def asynchronous(self, is_async: bool) -> Any:
        return self.make["Asynchronous"]() if is_async else None

    # -- statements

    def annotation(self, node: ast.expr | None) -> Any:
        return None if node is None else self.make["Annotation"](self.expression(node))

    def parameter(self, node: ast.arg, default: ast.expr | None, star: str = "") -> Any:
        return self.make["Param"](self.name(node.arg), self.annotation(node.annotation), self.optional(default), star)

    def parameters(self, node: ast.arguments) -> Any:
        plain = [*node.posonlyargs, *node.args]
        defaults = [*[None] * (len(plain) - len(node.defaults)), *node.defaults]
        made = [self.parameter(item, default) for item, default in zip(plain, defaults, strict=True)]
        only = [self.parameter(item, default) for item, default in zip(node.kwonlyargs, node.kw_defaults, strict=True)]
        star: Any = cst.MaybeSentinel.DEFAULT
        if node.vararg is not None:
            star = self.parameter(node.vararg, None, "*")
        elif only:
            star = self.make["ParamStar"]()
        rest = None if node.kwarg is None else self.parameter(node.kwarg, None, "**")
        count = len(node.posonlyargs)
        return self.make["Parameters"](made[:count], made[count:], star, only, rest)


def _is_one_long_string(segment: str) -> bool:
    """Whether this is surely one literal in triple quotes."""
    prefix = _PREFIX.match(segment)
    start = prefix.end() if prefix is not None else 0
    quotes = segment[start : start + 3]
    return (
        quotes in ('"""', "'''")
        and len(segment) >= start + 6
        and segment.endswith(quotes)
        and segment.find(quotes, start + 3) == len(segment) - 3
    )


_AND, _OR = cst.And(), cst.Or()
_EXPRESSIONS: dict[type, Callable[[Expressions, Any], Any]] = {
    ast.Name: Expressions.plain_name,
    ast.Constant: Expressions.constant,
    ast.JoinedStr: Expressions.as_piece,
    ast.Attribute: Expressions.attribute,
    ast.Call: Expressions.call,
    ast.Subscript: Expressions.subscript,
    ast.Await: Expressions.await_,
    ast.BinOp: Expressions.binary,
    ast.BoolOp: Expressions.boolean,
    ast.UnaryOp: Expressions.unary,
    ast.Compare: Expressions.comparison,
    ast.IfExp: Expressions.conditional,
    ast.NamedExpr: Expressions.walrus,
    ast.Tuple: Expressions.tuple_,
    ast.List: Expressions.list_,
    ast.Set: Expressions.set_,
    ast.Dict: Expressions.dict_,
    ast.ListComp: Expressions.list_comp,
    ast.SetComp: Expressions.set_comp,
    ast.DictComp: Expressions.dict_comp,
    ast.GeneratorExp: Expressions.generator,
    ast.Yield: Expressions.yield_,
    ast.YieldFrom: Expressions.yield_from,
    ast.Lambda: Expressions.lambda_,
}
