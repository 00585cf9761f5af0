"""What follows from a condition, and what it is for what its parts are."""

from itertools import product

import pytest

from fastapi_lint.extract import extract
from fastapi_lint.facts import Scope, Use
from fastapi_lint.project.code.logic import implied, truth
from fastapi_lint.source import SourceFile

CONDITIONS = [
    "a",
    "not a",
    "a and b",
    "a or b",
    "not (a and b)",
    "not (a or not b)",
    "a and (b or not c)",
    "not a or b and c",
]


def condition(text: str) -> tuple[Scope, int]:
    facts = extract(SourceFile("case.py", f"def f(a, b, c):\n    if {text}:\n        pass\n".encode()))
    scope = next(scope for scope in facts.scopes if scope.kind == "function")
    return scope, [region.expr for region in scope.regions if region.kind == "if"][-1]  # others are inside of it


def name(scope: Scope, expr: int) -> str:
    node = scope.exprs[expr]
    assert isinstance(node, Use)
    return scope.defs[node.defs[0]].name


def uses(scope: Scope) -> list[int]:
    return [number for number, node in enumerate(scope.exprs) if isinstance(node, Use)]


@pytest.mark.parametrize("text", CONDITIONS)
def test_what_is_implied_holds_wherever_the_condition_does(text: str) -> None:
    scope, test = condition(text)
    for values in product([True, False], repeat=3):
        known = dict(zip("abc", values, strict=True))
        holds = eval(text, {}, known)
        assert all(known[name(scope, part)] is is_true for part, is_true in implied(scope, test, holds))


@pytest.mark.parametrize("text", CONDITIONS)
def test_a_condition_is_known_if_no_unknown_part_can_change_it(text: str) -> None:
    scope, test = condition(text)
    for values in product([True, False, None], repeat=3):
        known = dict(zip("abc", values, strict=True))
        full = [dict(zip("abc", all_known, strict=True)) for all_known in product([True, False], repeat=3)]
        results = {eval(text, {}, one) for one in full if all(known[key] in (None, one[key]) for key in known)}
        expected = results.pop() if len(results) == 1 else None
        told = {expr: known[name(scope, expr)] for expr in uses(scope)}
        assert truth(scope, test, told.__getitem__) is expected


def test_of_an_and_that_fails_nothing_is_implied() -> None:
    assert list(implied(*condition("a and b"), False)) == []
    assert len(list(implied(*condition("a and b"), True))) == 2
