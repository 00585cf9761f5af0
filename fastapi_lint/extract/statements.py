"""Lowering of statements: control flow, bindings, definitions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import libcst as cst

from fastapi_lint.extract.builder import Env, ScopeBuilder, Signature, merge
from fastapi_lint.extract.expressions import (
    bind_parameters,
    lower,
    lower_annotation,
    lower_index,
    lower_parameters,
    lower_test,
    narrow,
)
from fastapi_lint.facts import (
    NONE,
    Attr,
    Bin,
    Call,
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
    Seq,
    StarImport,
    Unpack,
    Var,
)


def lower_body(scope: ScopeBuilder, body: Any) -> None:
    """Lowers a suite statement by statement; what cannot be reached is left out.

    What follows an `if` whose body leaves the suite stands in its `else` branch, though it is not written so.
    """
    outer = scope.region
    for statement in body.body:
        if scope.env is None:
            break
        scope.take_implied()
        lower_statement(scope, statement)
        implied = scope.take_implied()
        if implied is not None:
            scope.enter_region(*implied)
    scope.region = outer


def lower_statement(scope: ScopeBuilder, node: Any) -> None:
    kind = type(node)
    if kind is cst.SimpleStatementLine:
        lower_body(scope, node)
        return
    lowering = _STATEMENTS.get(kind)
    if lowering is not None:
        lowering(scope, node)
    handlers = scope.module.handlers.get(kind)
    if handlers is not None and not scope.silent:
        for handler in handlers:
            handler(node, scope)


# -- assignment


def _expression(scope: ScopeBuilder, node: cst.Expr) -> None:
    lower(scope, node.value)


def _assign(scope: ScopeBuilder, node: cst.Assign) -> None:
    value = lower(scope, node.value)
    if not scope.index and scope.region == 0:
        _note_exported(scope, node, value)
    for target in node.targets:
        assign(scope, target.target, value)


def _note_exported(scope: ScopeBuilder, node: cst.Assign, value: int) -> None:
    target = node.targets[0].target
    items = scope.exprs[value]
    if isinstance(target, cst.Name) and target.value == "__all__" and isinstance(items, Seq):
        literals = [scope.exprs[item] for item in items.items]
        scope.module.exported = tuple(x.value for x in literals if isinstance(x, Lit) and isinstance(x.value, str))


def assign(scope: ScopeBuilder, target: Any, value: int, augmented: bool = False) -> None:
    """Stores `value` in a name, attribute, item, or in each part of a tuple."""
    kind = type(target)
    if kind is cst.Name:
        scope.bind(target.value, value, scope.where(target), augmented)
    elif kind is cst.Attribute:
        base = lower(scope, target.value)
        scope.event(EventKind.STORE_ATTR, base, scope.where(target), value, target.attr.value, augmented)
    elif kind is cst.Subscript:
        base = lower(scope, target.value)
        lower_index(scope, target)
        scope.event(EventKind.STORE_ITEM, base, scope.where(target), value, flag=augmented)
    elif kind in (cst.Tuple, cst.List):
        _unpack(scope, target.elements, value)


def _unpack(scope: ScopeBuilder, elements: Sequence[Any], value: int) -> None:
    display = scope.exprs[value]
    if not isinstance(display, Seq) and elements:
        scope.event(EventKind.ITER, value, scope.where(elements[0].value))
    parallel = isinstance(display, Seq) and len(display.items) == len(elements)
    after_star = False
    for number, element in enumerate(elements):
        if isinstance(element, cst.StarredElement):
            after_star = True
            assign(scope, element.value, scope.opaque("list"))
        elif isinstance(display, Seq) and parallel:
            assign(scope, element.value, display.items[number])
        else:
            inner = scope.opaque() if after_star else scope.expr(Unpack(value, number))
            assign(scope, element.value, inner)


def _annotated(scope: ScopeBuilder, node: cst.AnnAssign) -> None:
    annotation = lower_annotation(scope, node.annotation.annotation)
    value = lower(scope, node.value) if node.value is not None else NONE
    if value == NONE and scope.kind != "class" and not isinstance(node.target, cst.Attribute):
        # A bare declaration binds nothing, but other functions may rely on the type.
        if isinstance(node.target, cst.Name):
            scope.define(node.target.value, scope.expr(Declared(NONE, annotation)))
        return
    assign(scope, node.target, scope.expr(Declared(value, annotation)))


def _augmented(scope: ScopeBuilder, node: cst.AugAssign) -> None:
    target = node.target
    old = lower(scope, target)
    value = lower(scope, node.value)
    place = scope.where(target)
    result = scope.expr(Bin("+=", old, value, place))
    scope.event(EventKind.OP, result, place)
    if isinstance(target, cst.Name):
        scope.bind(target.value, result, place, augmented=True)
    else:
        assign(scope, target, result, augmented=True)


def _delete(scope: ScopeBuilder, node: cst.Del) -> None:
    targets = [item.value for item in node.target.elements] if isinstance(node.target, cst.Tuple) else [node.target]
    for target in targets:
        if isinstance(target, cst.Name):
            if scope.env is not None:
                scope.env.pop(target.value, None)
        elif isinstance(target, (cst.Attribute, cst.Subscript)):
            assign(scope, target, NONE)


# -- leaving


def _return(scope: ScopeBuilder, node: cst.Return) -> None:
    value = lower(scope, node.value) if node.value is not None else NONE
    scope.event(EventKind.RETURN, value)
    scope.env = None


def _raise(scope: ScopeBuilder, node: cst.Raise) -> None:
    if node.exc is not None:
        lower(scope, node.exc)
    if node.cause is not None:
        lower(scope, node.cause.item)
    scope.env = None


def _break(scope: ScopeBuilder, _node: cst.Break) -> None:
    scope.leave("break")


def _continue(scope: ScopeBuilder, _node: cst.Continue) -> None:
    scope.leave("continue")


def _assert(scope: ScopeBuilder, node: cst.Assert) -> None:
    lower(scope, node.test)
    narrow(scope, node.test, True)


# -- branches


def static_truth(test: Any) -> bool | str | None:
    """Whether a condition is known before the code runs: True, False, `typing` for TYPE_CHECKING, `main`, or None."""
    if isinstance(test, cst.Name):
        known: dict[str, bool | str] = {"True": True, "False": False, "TYPE_CHECKING": "typing"}
        return known.get(test.value)
    if isinstance(test, cst.Attribute) and test.attr.value == "TYPE_CHECKING":
        return "typing"
    if isinstance(test, cst.Integer):
        return test.evaluated_value != 0
    if isinstance(test, cst.UnaryOperation) and isinstance(test.operator, cst.Not):
        inner = static_truth(test.expression)
        return {True: False, False: True, "typing": True}.get(inner) if inner is not None else None
    if _is_main_test(test):
        return "main"
    return None


def _is_main_test(test: Any) -> bool:
    if not isinstance(test, cst.Comparison) or len(test.comparisons) != 1:
        return False
    sides = [test.left, test.comparisons[0].comparator]
    names = [side.value for side in sides if isinstance(side, cst.Name)]
    texts = [side.evaluated_value for side in sides if isinstance(side, cst.SimpleString)]
    return names == ["__name__"] and texts == ["__main__"]


def _if(scope: ScopeBuilder, node: cst.If) -> None:
    truth = static_truth(node.test)
    if truth == "typing":
        entry = scope.fork()
        with scope.muted():
            lower_body(scope, node.body)
        if node.orelse is not None:
            # At run time only the other branch exists; for types the first one is the better source.
            typed, scope.env = scope.env, entry
            _orelse(scope, node.orelse)
            scope.env = merge([typed, scope.env])
        return
    if truth is True or truth is False:
        if truth:
            lower_body(scope, node.body)
        elif node.orelse is not None:
            _orelse(scope, node.orelse)
        return
    test = lower_test(scope, node.test)
    entry = scope.fork()
    narrow(scope, node.test, True)
    with scope.within("main" if truth == "main" else "if", test):
        lower_body(scope, node.body)
    after, scope.env = scope.env, entry
    narrow(scope, node.test, False)
    if node.orelse is not None:
        with scope.within("else", test):
            _orelse(scope, node.orelse)
    scope.implied = ("else", test, None) if after is None else None
    scope.env = merge([after, scope.env])


def _orelse(scope: ScopeBuilder, node: Any) -> None:
    if isinstance(node, cst.If):
        lower_statement(scope, node)
    else:
        lower_body(scope, node.body)


def _while(scope: ScopeBuilder, node: cst.While) -> None:
    truth = static_truth(node.test)
    phis = scope.open_loop(scope.module.names.loops[id(node)])
    test = lower_test(scope, node.test)
    head = scope.fork()
    narrow(scope, node.test, True)
    with scope.within("loop", test):
        if truth is not False:
            lower_body(scope, node.body)
    breaks = scope.close_loop(phis)
    scope.env = None if truth is True else head
    if node.orelse is not None and scope.env is not None:
        lower_body(scope, node.orelse.body)
    scope.env = merge([scope.env, *breaks])


def _for(scope: ScopeBuilder, node: cst.For) -> None:
    iterable = lower(scope, node.iter)
    is_async = node.asynchronous is not None
    scope.event(EventKind.ITER, iterable, scope.where(node.iter), flag=is_async)
    phis = scope.open_loop(scope.module.names.loops[id(node)])
    head = scope.fork()
    with scope.within("loop", iterable):
        assign(scope, node.target, scope.expr(Iter(iterable, is_async)))
        lower_body(scope, node.body)
        around = scope.fork()
    breaks = scope.close_loop(phis)
    scope.env = merge([head, around])
    if node.orelse is not None and scope.env is not None:
        lower_body(scope, node.orelse.body)
    scope.env = merge([scope.env, *breaks])


def _try(scope: ScopeBuilder, node: cst.Try | cst.TryStar) -> None:
    entry = scope.fork()
    start = len(scope.defs)
    with scope.within("try") as region:
        lower_body(scope, node.body)
        interrupted = scope.since(start, entry)
        if node.orelse is not None and scope.env is not None:
            lower_body(scope, node.orelse.body)
    ends: list[Env | None] = [scope.env]
    for handler in node.handlers:
        scope.env = None if interrupted is None else dict(interrupted)
        _handler(scope, handler, region)
        ends.append(scope.env)
    implied = ("except", NONE, region) if ends[0] is None else None
    scope.env = merge(ends)
    if node.finalbody is not None:
        falls_through = scope.env is not None
        if not falls_through:
            scope.env = scope.since(start, entry)
        with scope.within("finally"):
            lower_body(scope, node.finalbody.body)
        if not falls_through:
            scope.env = None
    scope.implied = implied


def _handler(scope: ScopeBuilder, handler: cst.ExceptHandler | cst.ExceptStarHandler, region: int) -> None:
    caught = lower(scope, handler.type) if handler.type is not None else NONE
    with scope.within("except", caught, region):
        if handler.name is not None and isinstance(handler.name.name, cst.Name):
            scope.bind(handler.name.name.value, scope.expr(Exc(caught)))
        lower_body(scope, handler.body)


def _with(scope: ScopeBuilder, node: cst.With) -> None:
    is_async = node.asynchronous is not None
    entry, start = scope.fork(), len(scope.defs)
    opened: list[tuple[int, int]] = []
    outer = scope.region
    for item in node.items:
        manager = lower(scope, item.item)
        place = scope.where(item.item)
        scope.event(EventKind.ENTER, manager, place, flag=is_async)
        opened.append((manager, place))
        if item.asname is not None:
            assign(scope, item.asname.name, scope.expr(Enter(manager, is_async)))
        scope.enter_region("async-with" if is_async else "with", manager)
    lower_body(scope, node.body)
    after, scope.env = scope.env, scope.env or entry  # a block is left by `return`, too
    for manager, place in reversed(opened):
        scope.event(EventKind.EXIT, manager, place, flag=is_async)
    scope.env = after
    scope.region = outer
    if scope.env is None and any(_may_suppress(scope, manager) for manager, _ in opened):
        scope.env = scope.since(start, entry)


def _may_suppress(scope: ScopeBuilder, manager: int) -> bool:
    """`with suppress(...)` and the like: the code after the block runs although the block raises."""
    value = scope.exprs[manager]
    if not isinstance(value, Call):
        return False
    func = scope.exprs[value.func]
    name = func.name if isinstance(func, (Attr, Free, Var)) else ""
    return name in ("suppress", "raises")


def _match(scope: ScopeBuilder, node: cst.Match) -> None:
    subject = lower(scope, node.subject)
    entry = scope.fork()
    ends: list[Env | None] = []
    exhaustive = False
    for case in node.cases:
        scope.env = None if entry is None else dict(entry)
        with scope.within("if", subject):
            _pattern(scope, case.pattern, subject, node.subject)
            if case.guard is not None:
                lower(scope, case.guard)
            elif isinstance(case.pattern, cst.MatchAs) and case.pattern.pattern is None:
                exhaustive = True
            lower_body(scope, case.body)
        ends.append(scope.env)
    scope.env = merge(ends if exhaustive else [*ends, entry])


def _pattern(scope: ScopeBuilder, pattern: Any, value: int, subject: Any = None) -> None:
    """Binds the names of a pattern; a class pattern narrows the subject."""
    if isinstance(pattern, cst.MatchAs):
        if pattern.pattern is not None:
            _pattern(scope, pattern.pattern, value, subject)
            if isinstance(pattern.pattern, cst.MatchClass):
                value = scope.expr(Narrow(value, lower(scope, pattern.pattern.cls), True))
        if pattern.name is not None:
            scope.bind(pattern.name.value, value)
    elif isinstance(pattern, cst.MatchClass):
        cls = lower(scope, pattern.cls)
        if isinstance(subject, cst.Name):
            scope.bind(subject.value, scope.expr(Narrow(value, cls, True)))
        for item in (*pattern.patterns, *pattern.kwds):
            _pattern(scope, getattr(item, "value", getattr(item, "pattern", None)), scope.opaque())
    elif isinstance(pattern, cst.MatchOr):
        for item in pattern.patterns:
            _pattern(scope, item.pattern, value)
    elif isinstance(pattern, (cst.MatchList, cst.MatchTuple)):
        for item in pattern.patterns:
            _pattern(scope, getattr(item, "value", item), scope.opaque())
    elif isinstance(pattern, cst.MatchStar) and pattern.name is not None:
        scope.bind(pattern.name.value, scope.opaque("list"))
    elif isinstance(pattern, cst.MatchMapping):
        for entry in pattern.elements:
            _pattern(scope, entry.pattern, scope.opaque())
        if pattern.rest is not None:
            scope.bind(pattern.rest.value, scope.opaque("dict"))


# -- import statements


def _import(scope: ScopeBuilder, node: cst.Import) -> None:
    for alias in node.names:
        name = dotted(alias.name)
        if alias.asname is not None and isinstance(alias.asname.name, cst.Name):
            scope.bind(alias.asname.name.value, scope.expr(Import(name, None, 0)))
        else:
            root = name.split(".")[0]
            scope.bind(root, scope.expr(Import(root, None, 0)))


def _import_from(scope: ScopeBuilder, node: cst.ImportFrom) -> None:
    module = dotted(node.module) if node.module is not None else ""
    level = len(node.relative)
    if isinstance(node.names, cst.ImportStar):
        scope.module.star_imports.append(StarImport(module, level, len(scope.defs)))
        return
    for alias in node.names:
        name = alias.name.value if isinstance(alias.name, cst.Name) else ""
        bound = alias.asname.name.value if alias.asname and isinstance(alias.asname.name, cst.Name) else name
        scope.bind(bound, scope.expr(Import(module, name, level)))


def dotted(node: Any) -> str:
    """`a.b.c` as text."""
    parts: list[str] = []
    while isinstance(node, cst.Attribute):
        parts.append(node.attr.value)
        node = node.value
    parts.append(node.value)
    return ".".join(reversed(parts))


# -- definitions


def _function(scope: ScopeBuilder, node: cst.FunctionDef) -> None:
    decorators = tuple(lower(scope, decorator.decorator) for decorator in node.decorators)
    signature = Signature(
        params=lower_parameters(scope, node.params),
        decorators=decorators,
        decorator_places=tuple(scope.where(decorator.decorator) for decorator in node.decorators),
        returns=lower_annotation(scope, node.returns.annotation) if node.returns is not None else NONE,
        is_async=node.asynchronous is not None,
        is_stub=_is_stub(node.body),
    )
    names = scope.module.names.scopes[id(node)]
    inner = ScopeBuilder(scope.module, "function", node.name.value, scope, names, scope.where(node.name), signature)
    inner.silent = scope.silent
    scope.bind(node.name.value, scope.expr(Func(inner.index)))
    # A body runs when the whole module is there, so it is lowered when all names of the module are known.
    scope.module.pending.append(lambda: _function_body(inner, node))


def _function_body(inner: ScopeBuilder, node: cst.FunctionDef) -> None:
    bind_parameters(inner)
    lower_body(inner, node.body)
    for handler in inner.module.handlers.get(cst.FunctionDef, ()):
        handler(node, inner)


def _class(scope: ScopeBuilder, node: cst.ClassDef) -> None:
    signature = Signature(
        decorators=tuple(lower(scope, decorator.decorator) for decorator in node.decorators),
        decorator_places=tuple(scope.where(decorator.decorator) for decorator in node.decorators),
        bases=tuple(lower(scope, item.value) for item in node.bases),
        keywords=tuple((item.keyword.value, lower(scope, item.value)) for item in node.keywords if item.keyword),
    )
    names = scope.module.names.scopes[id(node)]
    inner = ScopeBuilder(scope.module, "class", node.name.value, scope, names, scope.where(node.name), signature)
    inner.silent = scope.silent
    scope.bind(node.name.value, scope.expr(Cls(inner.index)))
    lower_body(inner, node.body)


def _is_stub(body: Any) -> bool:
    """A body that does nothing: a docstring, `...`, `pass`, or `raise NotImplementedError`."""
    for statement in body.body:
        parts = statement.body if isinstance(statement, cst.SimpleStatementLine) else [statement]
        for part in parts:
            if isinstance(part, cst.Pass):
                continue
            if isinstance(part, cst.Expr) and isinstance(
                part.value, (cst.SimpleString, cst.Ellipsis, cst.ConcatenatedString)
            ):
                continue
            if isinstance(part, cst.Raise) and _raises_not_implemented(part):
                continue
            return False
    return True


def _raises_not_implemented(node: cst.Raise) -> bool:
    raised = node.exc.func if isinstance(node.exc, cst.Call) else node.exc
    return isinstance(raised, cst.Name) and raised.value in ("NotImplementedError", "NotImplemented")


def _type_alias(scope: ScopeBuilder, node: cst.TypeAlias) -> None:
    scope.bind(node.name.value, lower_annotation(scope, node.value))


def _block(scope: ScopeBuilder, node: cst.IndentedBlock) -> None:
    lower_body(scope, node)


_STATEMENTS: dict[type, Callable[[ScopeBuilder, Any], None]] = {
    cst.Expr: _expression,
    cst.Assign: _assign,
    cst.AnnAssign: _annotated,
    cst.AugAssign: _augmented,
    cst.Del: _delete,
    cst.Return: _return,
    cst.Raise: _raise,
    cst.Break: _break,
    cst.Continue: _continue,
    cst.Assert: _assert,
    cst.If: _if,
    cst.While: _while,
    cst.For: _for,
    cst.Try: _try,
    cst.TryStar: _try,
    cst.With: _with,
    cst.Match: _match,
    cst.Import: _import,
    cst.ImportFrom: _import_from,
    cst.FunctionDef: _function,
    cst.ClassDef: _class,
    cst.TypeAlias: _type_alias,
    cst.IndentedBlock: _block,
}
