"""LibCST nodes without LibCST's parser.

Facts need what the code says, not how it is laid out; most of what LibCST's parser builds is layout. Python's own
parser is ten times faster and knows every position. So where it accepts a file, its tree is turned into the LibCST
nodes that the walk knows, with default layout, and positions come for free. Whatever differs between the two (string
literals that are joined or formatted, parentheses that mean something) goes through LibCST's parser in small pieces,
and a file with anything else that is not surely the same goes through it as a whole. `tests/test_quick_tree.py`
compares the facts.

Never use these trees to write code: they have not the layout of the file.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import libcst as cst

from fastapi_lint.extract.cheap_nodes import node_makers, parse_module
from fastapi_lint.extract.positions import offsets
from fastapi_lint.facts import Place
from fastapi_lint.source import SourceFile

_MAKERS: dict[str, tuple[str, ...]] = {
    "AnnAssign": ("target", "annotation", "value"),
    "Annotation": ("annotation",),
    "Arg": ("value", "keyword", "star"),
    "AsName": ("name",),
    "Assert": ("test", "msg"),
    "Assign": ("targets", "value"),
    "AssignTarget": ("target",),
    "Asynchronous": (),
    "Attribute": ("value", "attr"),
    "AugAssign": ("target", "operator", "value"),
    "Await": ("expression",),
    "BinaryOperation": ("left", "operator", "right"),
    "BooleanOperation": ("left", "operator", "right"),
    "Break": (),
    "Call": ("func", "args"),
    "ClassDef": ("name", "body", "bases", "keywords", "decorators"),
    "CompFor": ("target", "iter", "ifs", "inner_for_in", "asynchronous"),
    "CompIf": ("test",),
    "Comparison": ("left", "comparisons"),
    "ComparisonTarget": ("operator", "comparator"),
    "Continue": (),
    "Decorator": ("decorator",),
    "Del": ("target",),
    "Dict": ("elements",),
    "DictComp": ("key", "value", "for_in"),
    "DictElement": ("key", "value"),
    "Dot": (),
    "Element": ("value",),
    "Ellipsis": (),
    "Else": ("body",),
    "ExceptHandler": ("type", "name", "body"),
    "ExceptStarHandler": ("type", "name", "body"),
    "Expr": ("value",),
    "Finally": ("body",),
    "Float": ("value",),
    "For": ("target", "iter", "body", "orelse", "asynchronous"),
    "From": ("item",),
    "FunctionDef": ("name", "params", "body", "decorators", "returns", "asynchronous"),
    "GeneratorExp": ("elt", "for_in"),
    "Global": ("names",),
    "If": ("test", "body", "orelse"),
    "IfExp": ("test", "body", "orelse"),
    "Imaginary": ("value",),
    "Import": ("names",),
    "ImportAlias": ("name", "asname"),
    "ImportFrom": ("module", "names", "relative"),
    "ImportStar": (),
    "IndentedBlock": ("body",),
    "Index": ("value",),
    "Integer": ("value",),
    "Lambda": ("params", "body"),
    "List": ("elements",),
    "ListComp": ("elt", "for_in"),
    "Module": ("body",),
    "Name": ("value",),
    "NameItem": ("name",),
    "NamedExpr": ("target", "value"),
    "Nonlocal": ("names",),
    "Param": ("name", "annotation", "default", "star"),
    "ParamStar": (),
    "Parameters": ("posonly_params", "params", "star_arg", "kwonly_params", "star_kwarg"),
    "Pass": (),
    "Raise": ("exc", "cause"),
    "Return": ("value",),
    "Set": ("elements",),
    "SetComp": ("elt", "for_in"),
    "SimpleStatementLine": ("body",),
    "SimpleString": ("value",),
    "Slice": ("lower", "upper", "step"),
    "StarredDictElement": ("value",),
    "StarredElement": ("value",),
    "Subscript": ("value", "slice"),
    "SubscriptElement": ("slice",),
    "Try": ("body", "handlers", "orelse", "finalbody"),
    "TryStar": ("body", "handlers", "orelse", "finalbody"),
    "Tuple": ("elements",),
    "UnaryOperation": ("operator", "expression"),
    "While": ("test", "body", "orelse"),
    "With": ("items", "body", "asynchronous"),
    "WithItem": ("item", "asname"),
    "Yield": ("value",),
}
_OPERATORS: dict[type, tuple[cst.CSTNode, cst.CSTNode]] = {
    ast.Add: (cst.Add(), cst.AddAssign()),
    ast.Sub: (cst.Subtract(), cst.SubtractAssign()),
    ast.Mult: (cst.Multiply(), cst.MultiplyAssign()),
    ast.MatMult: (cst.MatrixMultiply(), cst.MatrixMultiplyAssign()),
    ast.Div: (cst.Divide(), cst.DivideAssign()),
    ast.Mod: (cst.Modulo(), cst.ModuloAssign()),
    ast.Pow: (cst.Power(), cst.PowerAssign()),
    ast.LShift: (cst.LeftShift(), cst.LeftShiftAssign()),
    ast.RShift: (cst.RightShift(), cst.RightShiftAssign()),
    ast.BitOr: (cst.BitOr(), cst.BitOrAssign()),
    ast.BitXor: (cst.BitXor(), cst.BitXorAssign()),
    ast.BitAnd: (cst.BitAnd(), cst.BitAndAssign()),
    ast.FloorDiv: (cst.FloorDivide(), cst.FloorDivideAssign()),
}
_UNARY: dict[type, cst.CSTNode] = {
    ast.Not: cst.Not(),
    ast.USub: cst.Minus(),
    ast.UAdd: cst.Plus(),
    ast.Invert: cst.BitInvert(),
}
_COMPARISONS: dict[type, cst.CSTNode] = {
    ast.Eq: cst.Equal(),
    ast.NotEq: cst.NotEqual(),
    ast.Lt: cst.LessThan(),
    ast.LtE: cst.LessThanEqual(),
    ast.Gt: cst.GreaterThan(),
    ast.GtE: cst.GreaterThanEqual(),
    ast.Is: cst.Is(),
    ast.IsNot: cst.IsNot(),
    ast.In: cst.In(),
    ast.NotIn: cst.NotIn(),
}
_ONE_STRING = re.compile(
    r"""[a-zA-Z]{0,2}(?:"(?!"")[^"\\\n]*(?:\\.[^"\\\n]*)*"|'(?!'')[^'\\\n]*(?:\\.[^'\\\n]*)*')""", re.DOTALL
)
_PREFIX = re.compile(r"[a-zA-Z]*")
_TITLE = re.compile(r"(?:async[\s\\]+)?(?:def|class)[\s\\]+")


class NotQuick(Exception):  # noqa: N818 - a way out, no error
    """Something here may not come out as LibCST's parser would give it."""


class QuickTree:
    """The tree of a file, what its string literals stand for (by the id of the node), and its places."""

    def __init__(self, source: SourceFile) -> None:
        """Raises NotQuick where only LibCST's parser will do."""
        makers = _makers()
        if makers is None:
            raise NotQuick
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # the linted code's own affair
                parsed = ast.parse(source.text)
        except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
            raise NotQuick from error
        self._converter = _Converter(source, makers)
        self.module: cst.Module = self._converter.module(parsed)
        self.strings = self._converter.strings

    def places(self, nodes: list[cst.CSTNode]) -> tuple[Place, ...]:
        """The places of `nodes` (each listed once), in the same order; raises NotQuick if one is not known."""
        return self._converter.places(nodes)


@lru_cache(maxsize=1)
def _makers() -> dict[str, Callable[..., Any]] | None:
    return node_makers(_MAKERS)


class _Converter:
    def __init__(self, source: SourceFile, makers: dict[str, Callable[..., Any]]) -> None:
        self.source = source
        self.text = source.text
        self.is_ascii = source.text.isascii()
        self.line_starts = source.line_starts
        self.strings: dict[int, str | bytes] = {}
        # by the id of the LibCST node: what it was made of
        self.origins: dict[int, ast.expr] = {}
        self.titles: dict[int, ast.stmt] = {}
        # pieces that LibCST parsed: the module around the piece and where it starts in the file
        self.pieces: list[tuple[cst.Module, int]] = []
        self.make = makers
        self.name_of, self.simple_string, self.line = (
            makers["Name"],
            makers["SimpleString"],
            makers["SimpleStatementLine"],
        )

    # -- text

    def offset(self, row: int, column: int) -> int:
        """The offset in characters of a position as Python's parser gives it: the column counts UTF-8 bytes."""
        start = self.line_starts[row - 1]
        return start + (column if self.is_ascii else self.column(row, column))

    def column(self, row: int, column: int) -> int:
        """Characters before a column that counts bytes."""
        start = self.line_starts[row - 1]
        # no character has more bytes than characters before it could account for
        line = self.text[start : start + column]
        if line.isascii():
            return column
        return len(line.encode("utf-8")[:column].decode("utf-8", "ignore"))

    def start(self, node: Any) -> int:
        return self.offset(node.lineno, node.col_offset)

    def segment(self, node: Any) -> str:
        return self.text[self.start(node) : self.offset(node.end_lineno, node.end_col_offset)]

    def piece(self, node: ast.expr) -> Any:
        """The node as LibCST's parser gives it."""
        try:
            module = parse_module(f"({self.segment(node)})")
            value = module.body[0].body[0].value  # type: ignore[union-attr, index]
        except (cst.ParserSyntaxError, cst.CSTValidationError, RecursionError, LookupError, AttributeError) as error:
            raise NotQuick from error
        self.pieces.append((module, self.start(node) - 1))
        return value

    # -- places

    def places(self, nodes: list[cst.CSTNode]) -> tuple[Place, ...]:
        found: list[Place | None] = []
        missing: dict[int, int] = {}
        for ordinal, node in enumerate(nodes):
            origin = self.origins.get(id(node))
            if origin is not None:
                found.append(self.place_of(origin))
            elif id(node) in self.titles:
                found.append(self.title(self.titles[id(node)], node.value))  # type: ignore[attr-defined]
            else:
                missing[id(node)] = ordinal
                found.append(None)
        if missing:
            self.find_in_pieces(nodes, missing, found)
        complete = tuple(place for place in found if place is not None)
        if len(complete) != len(nodes):
            raise NotQuick
        return complete

    def place_of(self, node: ast.expr) -> Place:
        if isinstance(node, (ast.Tuple, ast.GeneratorExp)):  # Python counts their parentheses in
            root = self.piece(node)
            module, base = self.pieces.pop()
            ((begin, end),) = offsets(module, [root])
            return self.place(base + begin, base + end)
        row, end_row, end_column = node.lineno, node.end_lineno or node.lineno, node.end_col_offset or 0
        if self.is_ascii:
            return Place(row, node.col_offset + 1, end_row, end_column + 1)
        return Place(row, self.column(row, node.col_offset) + 1, end_row, self.column(end_row, end_column) + 1)

    def find_in_pieces(self, nodes: list[cst.CSTNode], missing: dict[int, int], found: list[Place | None]) -> None:
        wanted = [nodes[ordinal] for ordinal in missing.values()]
        for module, base in self.pieces:
            for node, (begin, end) in zip(wanted, offsets(module, wanted), strict=True):
                if end:
                    found[missing[id(node)]] = self.place(base + begin, base + end)

    def place(self, begin: int, end: int) -> Place:
        first, last = self.source.position(begin), self.source.position(end)
        return Place(first.row, first.column, last.row, last.column)

    def title(self, node: ast.stmt, name: str) -> Place:
        """Where the name of a function or class stands."""
        keyword = _TITLE.match(self.text, self.start(node))
        if keyword is None or not self.text.startswith(name, keyword.end()):
            raise NotQuick
        return self.place(keyword.end(), keyword.end() + len(name))

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
        return self.make["BinaryOperation"](left, _OPERATORS[type(node.op)][0], right)

    def boolean(self, node: ast.BoolOp) -> Any:
        operator = _AND if isinstance(node.op, ast.And) else _OR
        made = self.expression(node.values[0])
        for value in node.values[1:]:
            made = self.make["BooleanOperation"](made, operator, self.expression(value))
        return made

    def unary(self, node: ast.UnaryOp) -> Any:
        return self.make["UnaryOperation"](_UNARY[type(node.op)], self.expression(node.operand))

    def comparison(self, node: ast.Compare) -> Any:
        target = self.make["ComparisonTarget"]
        pairs = zip(node.ops, node.comparators, strict=True)
        left = self.expression(node.left)
        return self.make["Comparison"](left, [target(_COMPARISONS[type(op)], self.expression(to)) for op, to in pairs])

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
        return self.make["AugAssign"](target, _OPERATORS[type(node.op)][1], value)

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

    def annotation(self, node: ast.expr | None) -> Any:
        return None if node is None else self.make["Annotation"](self.expression(node))

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
_EXPRESSIONS: dict[type, Callable[[_Converter, Any], Any]] = {
    ast.Name: _Converter.plain_name,
    ast.Constant: _Converter.constant,
    ast.JoinedStr: _Converter.as_piece,
    ast.Attribute: _Converter.attribute,
    ast.Call: _Converter.call,
    ast.Subscript: _Converter.subscript,
    ast.Await: _Converter.await_,
    ast.BinOp: _Converter.binary,
    ast.BoolOp: _Converter.boolean,
    ast.UnaryOp: _Converter.unary,
    ast.Compare: _Converter.comparison,
    ast.IfExp: _Converter.conditional,
    ast.NamedExpr: _Converter.walrus,
    ast.Tuple: _Converter.tuple_,
    ast.List: _Converter.list_,
    ast.Set: _Converter.set_,
    ast.Dict: _Converter.dict_,
    ast.ListComp: _Converter.list_comp,
    ast.SetComp: _Converter.set_comp,
    ast.DictComp: _Converter.dict_comp,
    ast.GeneratorExp: _Converter.generator,
    ast.Yield: _Converter.yield_,
    ast.YieldFrom: _Converter.yield_from,
    ast.Lambda: _Converter.lambda_,
}
_SIMPLE: dict[type, Callable[[_Converter, Any], Any]] = {
    ast.Expr: _Converter.expr,
    ast.Assign: _Converter.assign,
    ast.AnnAssign: _Converter.annotated,
    ast.AugAssign: _Converter.augmented,
    ast.Delete: _Converter.delete,
    ast.Return: _Converter.return_,
    ast.Raise: _Converter.raise_,
    ast.Assert: _Converter.assert_,
    ast.Pass: _Converter.pass_,
    ast.Break: _Converter.break_,
    ast.Continue: _Converter.continue_,
    ast.Global: _Converter.global_,
    ast.Nonlocal: _Converter.nonlocal_,
    ast.Import: _Converter.import_,
    ast.ImportFrom: _Converter.import_from,
}
_COMPOUND: dict[type, Callable[[_Converter, Any], Any]] = {
    ast.If: _Converter.if_,
    ast.While: _Converter.while_,
    ast.For: _Converter.for_,
    ast.AsyncFor: _Converter.for_,
    ast.With: _Converter.with_,
    ast.AsyncWith: _Converter.with_,
    ast.Try: _Converter.try_,
    ast.FunctionDef: _Converter.function,
    ast.AsyncFunctionDef: _Converter.function,
    ast.ClassDef: _Converter.klass,
}
if hasattr(ast, "TryStar"):
    _COMPOUND[ast.TryStar] = _Converter.try_
