"""Lowering of expressions: one function a node type, each gives the index of the expression it made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import libcst as cst

from fastapi_lint.extract.annotations import lower_annotation
from fastapi_lint.extract.builder import ScopeBuilder, Signature, merge
from fastapi_lint.extract.literals import head, is_formatted, lower_float, lower_integer, lower_string, pieces, template
from fastapi_lint.extract.narrowing import narrow
from fastapi_lint.extract.operators import COMPARISONS, OPERATORS, TESTS
from fastapi_lint.facts import (
    NONE,
    Attr,
    Await,
    Bin,
    Call,
    Choice,
    Comp,
    EventKind,
    Expr,
    Func,
    Iter,
    Lit,
    Map,
    Opaque,
    Param,
    ParamFacts,
    Seq,
    Star,
    Sub,
    Unpack,
    Use,
    Var,
)


def lower(scope: ScopeBuilder, node: Any) -> int:
    """Lowers an expression in order of evaluation and tells the node rules of it."""
    kind = type(node)
    lowering = _EXPRESSIONS.get(kind)
    index = lowering(scope, node) if lowering is not None else scope.opaque()
    handlers = scope.module.handlers.get(kind)
    if handlers is not None and not scope.silent and scope.env is not None:
        for handler in handlers:
            handler(node, scope)
    return index


# -- atoms


def _name(scope: ScopeBuilder, node: cst.Name) -> int:
    value = node.value
    if value in ("None", "True", "False"):
        return scope.expr(Lit({"None": None, "True": True, "False": False}[value]))
    return scope.load(value)


def _concatenated(scope: ScopeBuilder, node: cst.ConcatenatedString) -> int:
    strings = list(pieces(node))
    if all(isinstance(piece, cst.SimpleString) for piece in strings):
        return lower_string(scope, node)
    return _of_parts(scope, node, strings)


def _formatted(scope: ScopeBuilder, node: Any) -> int:
    return _of_parts(scope, node, [node])


def _of_parts(scope: ScopeBuilder, node: Any, strings: list[Any]) -> int:
    """An f-string is what `"..." % (parts)` is: a string made of its parts. Of a long one only its head is kept."""
    parts: list[int] = []
    for part in (part for piece in strings for part in getattr(piece, "parts", ())):
        if isinstance(part, (cst.FormattedStringExpression, cst.TemplatedStringExpression)):
            parts.append(lower(scope, part.expression))
            parts += [
                lower(scope, inner.expression)
                for inner in part.format_spec or ()
                if isinstance(inner, (cst.FormattedStringExpression, cst.TemplatedStringExpression))
            ]
    if not parts:
        return scope.opaque("str")
    start = template(strings) or head(strings[0])
    is_known = start.isascii() and "\\" not in start and not (start == "" and is_formatted(strings[0]))
    text = scope.expr(Lit(start)) if is_known else scope.opaque("str")
    return scope.expr(Bin("%", text, scope.expr(Seq("tuple", tuple(parts))), scope.where(node)))


# -- access


def _attribute(scope: ScopeBuilder, node: cst.Attribute) -> int:
    index = _attribute_of(scope, node)
    attr = scope.exprs[index]
    if isinstance(attr, Attr):
        scope.event(EventKind.ATTR, index, attr.place)
    return index


def _attribute_of(scope: ScopeBuilder, node: cst.Attribute) -> int:
    """The attribute without the event of loading it: the target of a call or a store."""
    base = lower(scope, node.value)
    return scope.expr(Attr(base, node.attr.value, scope.where(node)))


def _subscript(scope: ScopeBuilder, node: cst.Subscript) -> int:
    base = lower(scope, node.value)
    index = lower_index(scope, node)
    place = scope.where(node)
    result = scope.expr(Sub(base, index, place))
    scope.event(EventKind.ITEM, result, place)
    return result


def lower_index(scope: ScopeBuilder, node: cst.Subscript) -> int:
    """The index between the brackets; a slice is an opaque value of type `slice`."""
    items = []
    for element in node.slice:
        part: Any = element.slice
        if isinstance(part, cst.Index):
            items.append(lower(scope, part.value))
        else:
            for bound in (part.lower, part.upper, part.step):
                if bound is not None:
                    lower(scope, bound)
            items.append(scope.opaque("slice"))
    return items[0] if len(items) == 1 else scope.expr(Seq("tuple", tuple(items)))


def _call(scope: ScopeBuilder, node: cst.Call, awaited: bool = False) -> int:
    func = _attribute_of(scope, node.func) if type(node.func) is cst.Attribute else lower(scope, node.func)
    args: list[int] = []
    keywords: list[tuple[str, int]] = []
    for argument in node.args:
        value = lower(scope, argument.value)
        if argument.keyword is not None:
            keywords.append((argument.keyword.value, value))
        elif argument.star == "**":
            keywords.append(("**", value))
        elif argument.star:
            scope.event(EventKind.ITER, value, scope.where(argument.value))
            args.append(scope.expr(Star(value)))
        else:
            args.append(value)
    place = scope.where(node)
    index = scope.expr(Call(func, tuple(args), tuple(keywords), place))
    scope.event(EventKind.CALL, index, place, flag=awaited)
    return index


def _await(scope: ScopeBuilder, node: cst.Await) -> int:
    inner = node.expression
    if type(inner) is cst.Call:
        value = _call(scope, inner, awaited=True)
        for handler in scope.module.handlers.get(cst.Call, ()):
            handler(inner, scope)
    else:
        value = lower(scope, inner)
    place = scope.where(node)
    scope.event(EventKind.AWAIT, value, place)
    return scope.expr(Await(value, place))


# -- operators


def _binary(scope: ScopeBuilder, node: cst.BinaryOperation) -> int:
    left = lower(scope, node.left)
    right = lower(scope, node.right)
    op = OPERATORS.get(type(node.operator), "?")
    if _is_plain(scope.exprs[left]) and _is_plain(scope.exprs[right]):
        return scope.opaque()
    place = scope.where(node)
    result = scope.expr(Bin(op, left, right, place))
    scope.event(EventKind.OP, result, place)
    return result


def _is_plain(value: Expr) -> bool:
    return isinstance(value, (Lit, Opaque))


def _boolean(scope: ScopeBuilder, node: cst.BooleanOperation) -> int:
    left = lower_test(scope, node.left)
    entry = scope.fork()
    is_and = isinstance(node.operator, cst.And)
    narrow(scope, node.left, is_and)
    with scope.within("if" if is_and else "else", left):
        right = lower(scope, node.right)
    scope.env = merge([scope.env, entry])
    return scope.expr(Bin("and", left, right, NONE) if is_and else Choice((left, right)))


def _unary(scope: ScopeBuilder, node: cst.UnaryOperation) -> int:
    is_not = isinstance(node.operator, cst.Not)
    inner = lower_test(scope, node.expression) if is_not else lower(scope, node.expression)
    value = scope.exprs[inner]
    if isinstance(node.operator, cst.Minus) and isinstance(value, Lit) and type(value.value) in (int, float):
        return scope.expr(Lit(-value.value))  # type: ignore[operator]
    return scope.expr(Bin("not", inner, inner, NONE)) if is_not else scope.opaque()


def _comparison(scope: ScopeBuilder, node: cst.Comparison) -> int:
    left = lower(scope, node.left)
    for part in node.comparisons:
        right = lower(scope, part.comparator)
        op = COMPARISONS.get(type(part.operator))
        if op is not None and not (_is_plain(scope.exprs[left]) and _is_plain(scope.exprs[right])):
            # for `x in y` it is y whose method runs
            first, second = (right, left) if op == "in" else (left, right)
            place = scope.where(node)
            scope.event(EventKind.OP, scope.expr(Bin(op, first, second, place)), place)
        if len(node.comparisons) == 1:
            return scope.expr(Bin(TESTS.get(type(part.operator), "compares"), left, right, NONE))
        left = right
    return scope.opaque("bool")


def lower_test(scope: ScopeBuilder, node: Any) -> int:
    """A condition: its truth may be a method's word."""
    test = lower(scope, node)
    if isinstance(scope.exprs[test], (Use, Var, Attr, Call, Await)):
        scope.event(EventKind.TRUTH, test, scope.where(node))
    return test


def _conditional(scope: ScopeBuilder, node: cst.IfExp) -> int:
    test = lower_test(scope, node.test)
    entry = scope.fork()
    narrow(scope, node.test, True)
    with scope.within("if", test):
        body = lower(scope, node.body)
    after, scope.env = scope.env, entry
    narrow(scope, node.test, False)
    with scope.within("else", test):
        orelse = lower(scope, node.orelse)
    scope.env = merge([scope.env, after])
    return scope.expr(Choice((body, orelse), test))


def _walrus(scope: ScopeBuilder, node: cst.NamedExpr) -> int:
    value = lower(scope, node.value)
    if isinstance(node.target, cst.Name):
        scope.bind(node.target.value, value, scope.where(node))
    return value


# -- displays and comprehensions


def _sequence(kind: str) -> Callable[[ScopeBuilder, Any], int]:
    def lowering(scope: ScopeBuilder, node: Any) -> int:
        items = []
        for element in node.elements:
            value = lower(scope, element.value)
            if isinstance(element, cst.StarredElement):
                scope.event(EventKind.ITER, value, scope.where(element.value))
                value = scope.expr(Star(value))
            items.append(value)
        return scope.expr(Seq(kind, tuple(items)))

    return lowering


def _dict(scope: ScopeBuilder, node: cst.Dict) -> int:
    keys: list[int] = []
    values: list[int] = []
    for element in node.elements:
        keys.append(lower(scope, element.key) if isinstance(element, cst.DictElement) else NONE)
        values.append(lower(scope, element.value))
    return scope.expr(Map(tuple(keys), tuple(values)))


def _comprehension(kind: str) -> Callable[[ScopeBuilder, Any], int]:
    def lowering(scope: ScopeBuilder, node: Any) -> int:
        outer_region = scope.region
        depth = len(scope.overlays)
        part: cst.CompFor | None = node.for_in
        first = True
        while part is not None:
            iterable = lower(scope, part.iter)
            is_async = part.asynchronous is not None
            if first and kind == "generator":
                scope.enter_region("genexpr", iterable)
            scope.event(EventKind.ITER, iterable, scope.where(part.iter), flag=is_async)
            scope.enter_region("loop", iterable)
            overlay: dict[str, tuple[int, ...]] = {}
            _comprehension_target(scope, part.target, scope.expr(Iter(iterable, is_async)), overlay)
            scope.overlays.append(overlay)
            for condition in part.ifs:
                test = lower(scope, condition.test)
                narrow(scope, condition.test, True)
                scope.enter_region("if", test)
            part, first = part.inner_for_in, False
        key = NONE
        if isinstance(node, cst.DictComp):
            key, element = lower(scope, node.key), lower(scope, node.value)
        else:
            element = lower(scope, node.elt)
        del scope.overlays[depth:]
        scope.region = outer_region
        return scope.expr(Comp(kind, element, key))

    return lowering


def _comprehension_target(scope: ScopeBuilder, target: Any, value: int, overlay: dict[str, tuple[int, ...]]) -> None:
    if isinstance(target, cst.Name):
        overlay[target.value] = (scope.define(target.value, value),)
    elif isinstance(target, (cst.Tuple, cst.List)):
        for number, element in enumerate(target.elements):
            inner = (
                scope.opaque("list") if isinstance(element, cst.StarredElement) else scope.expr(Unpack(value, number))
            )
            _comprehension_target(scope, element.value, inner, overlay)


def _yield(scope: ScopeBuilder, node: cst.Yield) -> int:
    scope.is_generator = True
    if isinstance(node.value, cst.From):
        inner = lower(scope, node.value.item)
        place = scope.where(node.value.item)
        scope.event(EventKind.YIELD, inner, place, flag=True)
    else:
        inner = lower(scope, node.value) if node.value is not None else NONE
        scope.event(EventKind.YIELD, inner, scope.where(node))
    return scope.opaque()


# -- functions


def lower_parameters(scope: ScopeBuilder, parameters: cst.Parameters) -> tuple[ParamFacts, ...]:
    """The parameters of a `def` or `lambda`, their defaults and annotations lowered in the scope around it."""
    found: list[ParamFacts] = []

    def add(kind: str, items: Any) -> None:
        for item in items:
            default = lower(scope, item.default) if item.default is not None else NONE
            annotation = (
                lower_annotation(scope, item.annotation.annotation, lower) if item.annotation is not None else NONE
            )
            found.append(ParamFacts(item.name.value, kind, annotation, default))

    add("positional", parameters.posonly_params)
    add("normal", parameters.params)
    if isinstance(parameters.star_arg, cst.Param):
        add("args", [parameters.star_arg])
    add("keyword", parameters.kwonly_params)
    if parameters.star_kwarg is not None:
        add("kwargs", [parameters.star_kwarg])
    return tuple(found)


def bind_parameters(inner: ScopeBuilder) -> None:
    """Gives each parameter its first definition."""
    for number, parameter in enumerate(inner.signature.params):
        inner.bind(parameter.name, inner.expr(Param(number)))


def _lambda(scope: ScopeBuilder, node: cst.Lambda) -> int:
    signature = Signature(params=lower_parameters(scope, node.params))
    names = scope.module.names.scopes[id(node)] if not scope.detached else None
    if names is None:
        return scope.opaque()
    inner = ScopeBuilder(scope.module, "lambda", "<lambda>", scope, names, scope.where(node), signature)
    bind_parameters(inner)
    inner.silent = scope.silent
    value = lower(inner, node.body)
    inner.event(EventKind.RETURN, value)
    return scope.expr(Func(inner.index))


_EXPRESSIONS: dict[type, Callable[[ScopeBuilder, Any], int]] = {
    cst.Name: _name,
    cst.Integer: lower_integer,
    cst.Float: lower_float,
    cst.SimpleString: lower_string,
    cst.ConcatenatedString: _concatenated,
    cst.FormattedString: _formatted,
    cst.TemplatedString: _formatted,
    cst.Attribute: _attribute,
    cst.Subscript: _subscript,
    cst.Call: _call,
    cst.Await: _await,
    cst.BinaryOperation: _binary,
    cst.BooleanOperation: _boolean,
    cst.UnaryOperation: _unary,
    cst.Comparison: _comparison,
    cst.IfExp: _conditional,
    cst.NamedExpr: _walrus,
    cst.Tuple: _sequence("tuple"),
    cst.List: _sequence("list"),
    cst.Set: _sequence("set"),
    cst.Dict: _dict,
    cst.ListComp: _comprehension("list"),
    cst.SetComp: _comprehension("set"),
    cst.DictComp: _comprehension("dict"),
    cst.GeneratorExp: _comprehension("generator"),
    cst.Yield: _yield,
    cst.Lambda: _lambda,
}
