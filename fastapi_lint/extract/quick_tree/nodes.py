"""The LibCST nodes that a converted tree is made of: what their constructors take, and the operators."""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import libcst as cst

from fastapi_lint.extract.cheap_nodes import node_makers

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
OPERATORS: dict[type, tuple[cst.CSTNode, cst.CSTNode]] = {
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
UNARY: dict[type, cst.CSTNode] = {
    ast.Not: cst.Not(),
    ast.USub: cst.Minus(),
    ast.UAdd: cst.Plus(),
    ast.Invert: cst.BitInvert(),
}
COMPARISONS: dict[type, cst.CSTNode] = {
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


@lru_cache(maxsize=1)
def makers() -> dict[str, Callable[..., Any]] | None:
    return node_makers(_MAKERS)
