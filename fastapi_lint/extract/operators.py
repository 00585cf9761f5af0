"""What are operators called in facts?"""

from __future__ import annotations

import libcst as cst

OPERATORS: dict[type, str] = {
    cst.Divide: "/",
    cst.BitOr: "|",
    cst.Add: "+",
    cst.Subtract: "-",
    cst.Multiply: "*",
    cst.MatrixMultiply: "@",
    cst.BitAnd: "&",
    cst.RightShift: ">>",
    cst.LeftShift: "<<",
    cst.Modulo: "%",
    cst.FloorDivide: "//",
    cst.Power: "**",
    cst.BitXor: "^",
}
"""What a binary operator is called in facts."""

COMPARISONS: dict[type, str] = {
    cst.In: "in",
    cst.NotIn: "in",
    cst.Equal: "==",
    cst.NotEqual: "!=",
    cst.LessThan: "<",
    cst.LessThanEqual: "<=",
    cst.GreaterThan: ">",
    cst.GreaterThanEqual: ">=",
}
"""Comparisons that a class may define."""

TESTS: dict[type, str] = {
    cst.Is: "is",
    cst.IsNot: "is not",
    cst.Equal: "equals",
    cst.NotEqual: "differs",
    cst.In: "among",
    cst.NotIn: "not among",
}
"""Comparisons whose outcome a constant may settle; the value is always a bool."""
