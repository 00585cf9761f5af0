"""Facts: plain data that survives storage, made from any valid syntax, without code that never runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import msgspec
import pytest
from syntax_samples import REACHABLE, UNREACHABLE, VALID

from fastapi_lint.extract import extract
from fastapi_lint.facts import NONE, Call, EventKind, Free, ModuleFacts, Phi, Scope, Use, Var
from fastapi_lint.source import SourceError, SourceFile

REPOSITORY = Path(__file__).parent.parent


def _facts(text: str) -> ModuleFacts:
    return extract(SourceFile("case.py", dedent(text).encode()))


def _called(facts: ModuleFacts) -> Iterator[str]:
    """The bare names that are called where code runs."""
    for scope in facts.scopes:
        for event in scope.events:
            call = scope.exprs[event.expr] if event.kind is EventKind.CALL else None
            func = scope.exprs[call.func] if isinstance(call, Call) else None
            if isinstance(func, (Free, Var)):
                yield func.name


def _indices(value: Any) -> Iterator[int]:
    """The expressions that an expression is made of."""
    if isinstance(value, (Use, Phi, Var)):
        return
    not_indices = {"place", "scope", "level", "is_async", "positive", "value" if type(value).__name__ == "Lit" else ""}
    if type(value).__name__ in ("Param", "Unpack"):
        not_indices.add("index")
    for name in value.__struct_fields__:
        part = getattr(value, name)
        if name in not_indices or isinstance(part, (str, bool)) or part is None:
            continue
        items = part if isinstance(part, tuple) else (part,)
        for item in items:
            yield item[1] if isinstance(item, tuple) else item


def _check_scope(facts: ModuleFacts, scope: Scope) -> None:
    places, exprs, defs = range(NONE, len(facts.places)), range(NONE, len(scope.exprs)), range(len(scope.defs))
    assert scope.place in places
    assert scope.parent in range(NONE, len(facts.scopes))
    for value in scope.exprs:
        assert getattr(value, "place", NONE) in places
        assert all(index in exprs for index in _indices(value)), value
        assert all(number in defs for number in getattr(value, "defs", ()))
        assert getattr(value, "scope", 0) in range(len(facts.scopes))
    for event in scope.events:
        assert event.place in places
        assert event.expr in exprs
        assert event.value in exprs
        assert event.region in range(len(scope.regions))
    for number, region in enumerate(scope.regions):
        assert region.parent in range(NONE, max(number, 0) if number else 0)
        assert region.expr in exprs
    assert all(definition.value in exprs for definition in scope.defs)
    assert all(number in defs for numbers in scope.names.values() for number in numbers)


def _check(facts: ModuleFacts) -> None:
    encoded = msgspec.msgpack.encode(facts)
    assert msgspec.msgpack.decode(encoded, type=ModuleFacts) == facts
    for scope in facts.scopes:
        _check_scope(facts, scope)
    for place in facts.places:
        assert (1, 1) <= (place.row, place.column) < (place.end_row, place.end_column)


@pytest.mark.parametrize("name", VALID)
def test_valid_syntax(name: str) -> None:
    _check(_facts(VALID[name]))


@pytest.mark.skipif(sys.version_info < (3, 13), reason="some of the syntax is newer than this interpreter")
@pytest.mark.parametrize("name", VALID)
def test_valid_syntax_is_valid(name: str) -> None:
    compile(dedent(VALID[name]), name, "exec", dont_inherit=True)


@pytest.mark.parametrize("folder", ["fastapi_lint", "rules", "tests", "ecosystem", "examples"])
def test_files_of_this_repository(folder: str) -> None:
    for file in sorted((REPOSITORY / folder).rglob("*.py")):
        if "syntax_trouble" in file.parts:  # it does not parse on purpose
            continue
        _check(extract(SourceFile(str(file), file.read_bytes())))


def test_extraction_is_deterministic() -> None:
    for text in VALID.values():
        assert msgspec.msgpack.encode(_facts(text)) == msgspec.msgpack.encode(_facts(text))


def test_names_of_unreachable_code() -> None:
    facts = _facts("""
        def run(ready):
            if False:
                agent = package.Binary()
            elif ready:
                return Live()
            else:
                raise ValueError
            Later(key=made)
    """)
    assert facts.unreached == ("Binary", "Later", "agent", "made", "package")


@pytest.mark.parametrize("name", UNREACHABLE)
def test_unreachable_code_has_no_events(name: str) -> None:
    text = dedent(UNREACHABLE[name])
    called = list(_called(_facts(text)))
    assert "never" not in called
    assert called.count("runs") == text.count("runs(")


@pytest.mark.parametrize("name", REACHABLE)
def test_reachable_code_has_events(name: str) -> None:
    assert "runs" in _called(_facts(REACHABLE[name]))


@pytest.mark.parametrize("text", ["(x): int = 1\n", "def f():\n  if g():\n\t  h()\n  k()\n"])
def test_what_only_libcst_cannot_parse(text: str) -> None:
    """Valid, but so rare that nobody has asked LibCST for it: Python's parser is enough for facts."""
    assert _facts(text).scopes
    with pytest.raises(SourceError, match="syntax error"):
        extract(SourceFile("case.py", text.encode()), quick=False)


def test_late_binding_does_not_reach_an_early_use() -> None:
    facts = _facts("x = 1\ny = x\nx = 2\n")
    module = facts.scopes[0]
    (value,) = [module.exprs[definition.value] for definition in module.defs if definition.name == "y"]
    assert isinstance(value, Use)
    assert [module.defs[number].name for number in value.defs] == ["x"]


@pytest.mark.parametrize("text", ["def f(:\n", "x = = 1\n", "if x:\ny\n", "return = 1\n", "'open\n"])
def test_invalid_syntax_is_a_source_error_with_a_place(text: str) -> None:
    with pytest.raises(SourceError) as caught:
        _facts(text)
    assert caught.value.position.row >= 1
    assert caught.value.position.column >= 1
