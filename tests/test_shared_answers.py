"""What is found once for all frames of a function, or not looked for at all, must not change what is reported."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fastapi_lint.extract import extract
from fastapi_lint.facts import EventKind, Scope
from fastapi_lint.project.code import decidable, index
from fastapi_lint.project.code.captures import Captures
from fastapi_lint.project.code.dependence import OUTER, dependences, parameter_bit
from fastapi_lint.source import SourceFile
from fastapi_lint.testing import reported, run_case

_FIXTURES = Path(__file__).parent / "fixtures"
_FOLDERS = ("FAL102", "FAL201", "FAL304")


def _reported(folder: str) -> dict[str, object]:
    cases = [case for case in sorted((_FIXTURES / folder).iterdir()) if case.is_dir() or case.suffix == ".py"]
    return {
        case.name: reported(case, run_case(case, ("FAL",)).diagnostics)
        for case in cases
        if not case.name.startswith("__")
    }


def _depends_on_everything(scope: Scope, _is_nested: bool) -> tuple[int, ...]:
    return (-1,) * len(scope.exprs)


def _may_be_anything(_scope: Scope, _expr: int, _known: dict[int, int]) -> int:
    return decidable.LITERAL


def _no_sharing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "dependences", _depends_on_everything)


def _no_prefilter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decidable, "_level", _may_be_anything)
    monkeypatch.setattr(decidable, "_may_decide", lambda *_: True)


def _all_taken_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Captures, "of", lambda _self, _gid: None)


@pytest.mark.parametrize("folder", _FOLDERS)
@pytest.mark.parametrize("change", [_no_sharing, _no_prefilter, _all_taken_along])
def test_nothing_else_is_reported_without_the_short_cut(
    folder: str, change: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    fast = _reported(folder)
    change(monkeypatch)
    assert _reported(folder) == fast
    assert any(fast.values())


def test_an_expression_depends_on_the_parameters_that_it_is_made_of() -> None:
    text = b"""
def work(first, second):
    own = [1]
    both = (first, own)
    for item in both:
        own = second(item)
    return own, len("x")
"""
    scope = extract(SourceFile("case.py", text)).scopes[1]
    bits = dependences(scope, False)
    values = {definition.name: bits[definition.value] for definition in scope.defs}
    assert values["both"] == parameter_bit(0)
    returned = next(event.expr for event in scope.events if event.kind == EventKind.RETURN)
    assert bits[returned] == parameter_bit(0) | parameter_bit(1)
    assert 0 in bits
    assert any(bit & OUTER for bit in dependences(scope, True))


_CLOSURES = b"""
def traced(function, level=1):
    name = function.__name__

    def free(function):
        return function.__name__

    def by_name():
        return name

    def by_default(given=function):
        return given

    def around():
        def inside():
            return level

        return inside

    def through():
        return by_name()

    def hands_on(*args):
        return free(args)

    def outer(local):
        def deeper():
            return local

        return deeper

    return around
"""


def test_a_function_takes_along_what_it_names_of_those_around_it() -> None:
    closures = index.Index([("case.py", extract(SourceFile("case.py", _CLOSURES)))])
    gids = {closures.name(gid).rpartition(".")[2]: gid for gid in range(closures.count)}
    captures, traced, outer = Captures(closures), gids["traced"], gids["outer"]
    taken = {name: captures.of(gid) for name, gid in gids.items()}
    assert taken["free"] == taken["outer"] == frozenset()
    for name in ("by_name", "by_default", "around", "inside", "through"):
        assert taken[name] == frozenset({traced}), name
    assert taken["deeper"] == frozenset({outer})
    assert taken["hands_on"] is None
