"""Lowering of branches, loops, handlers and context managers."""

from __future__ import annotations

from typing import Any

import libcst as cst

from fastapi_lint.extract.builder import Env, ScopeBuilder, Table, merge
from fastapi_lint.extract.expressions import (
    lower,
    lower_test,
)
from fastapi_lint.extract.matching import lower_match
from fastapi_lint.extract.narrowing import narrow
from fastapi_lint.extract.statements import assign
from fastapi_lint.extract.suites import lower_body, lower_statement
from fastapi_lint.facts import (
    NONE,
    Attr,
    Call,
    Enter,
    EventKind,
    Exc,
    Free,
    Iter,
    Region,
    Var,
)


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
    if isinstance(test, cst.BooleanOperation):
        decides = isinstance(test.operator, cst.Or)  # `ready and False` is false whatever `ready` is
        return decides if decides in (static_truth(test.left), static_truth(test.right)) else None
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
        lower_test(scope, node.test)
        orelse = [node.orelse] if node.orelse is not None else []
        scope.module.leave_out(orelse if truth else [node.body])
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
    scope.implied = ("else", test, None, "raise" if _raises(node.body) else "exit") if after is None else None
    scope.env = merge([after, scope.env])


def _raises(body: Any) -> bool:
    """Whether a suite ends in a `raise`."""
    last = body.body[-1] if body.body else None
    if type(last) is cst.SimpleStatementLine:
        last = last.body[-1]
    return type(last) is cst.Raise


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
        else:
            scope.module.leave_out([node.body])
    breaks = scope.close_loop(phis)
    scope.env = None if truth is True else head
    if node.orelse is not None and scope.env is not None:
        lower_body(scope, node.orelse.body)
    if scope.env is not None and not breaks and truth is None:
        scope.implied = ("after", test, None, "")
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
        with scope.guarded(node):
            lower_body(scope, node.body)
        ended = scope.ended
        interrupted = scope.since(start, entry)
        if node.orelse is not None and scope.env is not None:
            _enter_again(scope, ended, region)
            lower_body(scope, node.orelse.body)
    ends: list[Env | None] = [scope.env]
    for handler in node.handlers:
        scope.env = None if interrupted is None else dict(interrupted)
        _handler(scope, handler, region)
        ends.append(scope.env)
    implied = ("except", NONE, region, "") if ends[0] is None else None
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


def _enter_again(scope: ScopeBuilder, ended: int, outer: int) -> None:
    """Puts the `else` of a `try` where its body ends: behind the branches that have left it, `if dry: raise Undo`."""
    left: list[Region] = []
    while ended not in (NONE, outer):
        found = scope.regions[ended]
        if found.kind == "else" and found.behind:
            left.append(found)
        elif found.kind in ("with", "async-with") and _may_suppress(scope, found.expr):
            left.clear()
        ended = found.parent
    for found in reversed(left):
        scope.enter_region("else", found.expr, None, found.behind)


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
    with scope.guarded(node):
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


CONTROL_FLOW: Table = {
    cst.If: _if,
    cst.While: _while,
    cst.For: _for,
    cst.Try: _try,
    cst.TryStar: _try,
    cst.With: _with,
    cst.Match: lower_match,
}
"""Handlers by node type."""
