"""Lowering of `match`: a case is the branch of a condition, and what follows it is the other one."""

from __future__ import annotations

from typing import Any

import libcst as cst

from fastapi_lint.extract.builder import Env, ScopeBuilder, merge
from fastapi_lint.extract.expressions import lower, lower_test
from fastapi_lint.extract.narrowing import narrow
from fastapi_lint.extract.suites import lower_body
from fastapi_lint.facts import NONE, Bin, Narrow, Seq


def lower_match(scope: ScopeBuilder, node: cst.Match) -> None:
    """Lowers a statement as the chain of `if` and `elif` that means the same, as far as its patterns are tests."""
    subject = lower(scope, node.subject)
    outer = scope.region
    ends: list[Env | None] = []
    for case in node.cases:
        test = _test(scope, case.pattern, subject)
        entry = scope.fork()
        if test == NONE and case.guard is None:
            _bind(scope, case.pattern, subject, node.subject)
            lower_body(scope, case.body)
            ends.append(scope.env)
            scope.env = None
            break
        _bind(scope, case.pattern, subject, node.subject)
        whole = test if case.guard is None else _guarded(scope, test, case.guard)
        with scope.within("if", whole):
            lower_body(scope, case.body)
        ends.append(scope.env)
        scope.env = entry
        if case.guard is None:
            _exclude(scope, case.pattern, subject, node.subject)
        scope.enter_region("else", whole)
    scope.region = outer
    scope.env = merge([*ends, scope.env])


def _guarded(scope: ScopeBuilder, test: int, guard: Any) -> int:
    if test == NONE:
        condition = lower_test(scope, guard)
    else:
        with scope.within("if", test):
            condition = scope.expr(Bin("and", test, lower_test(scope, guard), NONE))
    narrow(scope, guard, True)
    return condition


def _test(scope: ScopeBuilder, pattern: Any, subject: int) -> int:
    """The condition under which a pattern matches, NONE if it always does; unknown where no test says the same."""
    if isinstance(pattern, cst.MatchAs):
        return NONE if pattern.pattern is None else _test(scope, pattern.pattern, subject)
    if isinstance(pattern, cst.MatchValue):
        return scope.expr(Bin("equals", subject, lower(scope, pattern.value), NONE))
    if isinstance(pattern, cst.MatchSingleton):
        return scope.expr(Bin("is", subject, lower(scope, pattern.value), NONE))
    if isinstance(pattern, cst.MatchOr):
        found = [item.pattern for item in pattern.patterns]
        if all(isinstance(item, cst.MatchValue) for item in found):
            values = tuple(lower(scope, item.value) for item in found if isinstance(item, cst.MatchValue))
            return scope.expr(Bin("among", subject, scope.expr(Seq("tuple", values)), NONE))
    return scope.opaque("bool")


def _exclude(scope: ScopeBuilder, pattern: Any, value: int, subject: Any) -> None:
    """What did not match `Class()` is no instance of it."""
    if isinstance(pattern, cst.MatchAs):
        pattern = pattern.pattern
    if isinstance(pattern, cst.MatchClass) and not pattern.patterns and not pattern.kwds:
        with scope.muted():
            cls = lower(scope, pattern.cls)
        _narrow(scope, subject, scope.expr(Narrow(value, cls, False)))


def _narrow(scope: ScopeBuilder, subject: Any, narrowed: int) -> None:
    """Tells more of the subject if it is a name of this scope."""
    if isinstance(subject, cst.Name) and subject.value in scope.names.bound and scope.env is not None:
        scope.bind(subject.value, narrowed)


def _bind(scope: ScopeBuilder, pattern: Any, value: int, subject: Any = None) -> None:
    """Binds the names of a pattern; a class pattern narrows the subject."""
    if isinstance(pattern, cst.MatchAs):
        if pattern.pattern is not None:
            _bind(scope, pattern.pattern, value, subject)
            if isinstance(pattern.pattern, cst.MatchClass):
                value = scope.expr(Narrow(value, lower(scope, pattern.pattern.cls), True))
        if pattern.name is not None:
            scope.bind(pattern.name.value, value)
    elif isinstance(pattern, cst.MatchClass):
        cls = lower(scope, pattern.cls)
        _narrow(scope, subject, scope.expr(Narrow(value, cls, True)))
        for item in (*pattern.patterns, *pattern.kwds):
            _bind(scope, getattr(item, "value", getattr(item, "pattern", None)), scope.opaque())
    elif isinstance(pattern, cst.MatchOr):
        for item in pattern.patterns:
            _bind(scope, item.pattern, value)
    elif isinstance(pattern, (cst.MatchList, cst.MatchTuple)):
        for item in pattern.patterns:
            _bind(scope, getattr(item, "value", item), scope.opaque())
    elif isinstance(pattern, cst.MatchStar) and pattern.name is not None:
        scope.bind(pattern.name.value, scope.opaque("list"))
    elif isinstance(pattern, cst.MatchMapping):
        for entry in pattern.elements:
            _bind(scope, entry.pattern, scope.opaque())
        if pattern.rest is not None:
            scope.bind(pattern.rest.value, scope.opaque("dict"))
