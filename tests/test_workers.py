"""Extraction in several processes finds what one finds."""

from __future__ import annotations

import sys
import tempfile

import msgspec
import pytest

from fastapi_lint import workers
from fastapi_lint.extract import extract
from fastapi_lint.facts import Attr, ModuleFacts
from fastapi_lint.shared_strings import SharedStrings
from fastapi_lint.source import SourceFile
from fastapi_lint.workers import Job, Outcome, RuleChoice, extract_all

RULES = RuleChoice((), frozenset({"FAL115"}))
_BODY = """
async def handler_{number}(request, connection):
    while True:
        try:
            connection.poll()
        except Exception:
            pass
    return connection.fetch(request.name)
"""


def _jobs(count: int, size: int) -> list[Job]:
    files = [(_BODY.format(number=number) * (size // len(_BODY))).encode() for number in range(count)]
    return [Job(f"part_{number}.py", f"part_{number}.py", content) for number, content in enumerate(files)]


@pytest.fixture
def handed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many jobs each process is handed that is started."""
    found: list[int] = []
    real = workers._Worker

    def make(jobs: list[Job], rules: RuleChoice) -> workers._Worker:
        found.append(len(jobs))
        return real(jobs, rules)

    monkeypatch.setattr(workers, "_Worker", make)
    return found


def _with_mistakes() -> list[Job]:
    jobs = _jobs(24, 60_000)
    return [*jobs, Job("broken.py", "broken.py", b"def f(:\n"), Job("empty.py", "empty.py", b"")]


def test_several_processes_find_the_same_in_the_same_order(handed: list[int]) -> None:
    jobs = _with_mistakes()
    alone, together = list(extract_all(jobs, RULES, 1)), list(extract_all(jobs, RULES, 2))
    assert len(handed) == 1
    assert 0 < handed[0] < len(jobs) / 2  # it starts later, so it gets less
    assert together == alone
    assert [outcome.key for outcome in together] == [job.key for job in jobs]
    assert together[0].facts is not None
    assert together[0].facts.diagnostics
    assert together[-2].error is not None


def test_little_code_starts_no_process(handed: list[int]) -> None:
    assert len(list(extract_all(_jobs(80, 1_000), RULES, 2))) == 80
    assert handed == []


def test_what_a_process_that_died_was_to_do_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = _with_mistakes()
    alone = list(extract_all(jobs, RULES, 1))
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert list(extract_all(jobs, RULES, 2)) == alone


def test_without_room_for_its_files_no_process_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    jobs = _with_mistakes()
    alone = list(extract_all(jobs, RULES, 1))
    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    assert list(extract_all(jobs, RULES, 2)) == alone


@pytest.mark.parametrize("count", [2, 3, 8])
def test_parts_are_complete(count: int) -> None:
    jobs = _jobs(10, 100_000)
    parts = workers._parts(jobs, count)
    assert sorted(job.key for part in parts for job in part) == sorted(job.key for job in jobs)
    assert all(parts)
    assert len(parts[0]) == max(map(len, parts))


def test_equal_names_are_one_string() -> None:
    facts = extract(SourceFile("case.py", b"def f(request):\n    return request.app.name, request.app.name\n"))
    read = msgspec.msgpack.decode(msgspec.msgpack.encode(Outcome("case.py", facts)), type=Outcome).facts
    assert read is not None
    shared = SharedStrings().share(read)
    assert shared == facts
    names = [node.name for node in shared.scopes[1].exprs if isinstance(node, Attr) and node.name == "app"]
    assert len(names) == 2
    assert names[0] is names[1]


def test_places_are_what_they_were() -> None:
    facts = extract(SourceFile("case.py", b"import os\n\n\ndef f():\n    return os.getcwd()\n"))
    read = msgspec.msgpack.decode(msgspec.msgpack.encode(facts), type=ModuleFacts)
    assert list(read.places) == [facts.places[number] for number in range(len(facts.places))]
    assert len(read.places) > 0
    with pytest.raises(IndexError):
        read.places[len(read.places)]
    with pytest.raises(IndexError):
        read.places[-1]
