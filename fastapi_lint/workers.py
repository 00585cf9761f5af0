"""Facts of many files: in this process, or in several.

Files do not depend on each other before they are linked. Workers get contents and send facts back as bytes; a tree
never leaves its process.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable, Iterator

import msgspec

from fastapi_lint.context import node_handlers
from fastapi_lint.deep_stack import with_deep_stack
from fastapi_lint.diagnostic import Position
from fastapi_lint.extract import NodeHandler, extract
from fastapi_lint.facts import ModuleFacts
from fastapi_lint.garbage import uncollected
from fastapi_lint.registry import load_rules
from fastapi_lint.shared_strings import SharedStrings
from fastapi_lint.source import SourceError, SourceFile

_BYTES_A_PROCESS = 500_000
"""With less than so much code for each, another process does not pay."""
_BYTES_TO_START = 250_000
"""To extract so much code takes as long as to start a process (0.2 s), whatever the machine."""
_FILES_PER_COLLECTION = 64


Progress = Callable[[int, int], object]


class Job(msgspec.Struct, frozen=True):
    """A file to extract; `path` is only for messages."""

    key: str
    path: str
    content: bytes


class Outcome(msgspec.Struct, frozen=True):
    """What came of a job: facts, or the reason why there are none (a message with a place, or a crash)."""

    key: str
    facts: ModuleFacts | None = None
    error: str | None = None
    position: Position = Position(1, 1)
    crash: str | None = None


class RuleChoice(msgspec.Struct, frozen=True):
    """Which node rules run in the walk; workers load them by themselves, and nothing else."""

    plugins: tuple[str, ...]
    codes: frozenset[str]


def extract_all(
    jobs: list[Job], rules: RuleChoice, processes: int | None, progress: Progress = lambda _done, _all: None
) -> Iterator[Outcome]:
    """The outcome of every job, in the order of the jobs; `progress` hears how many of how many files are done."""
    size = sum(len(job.content) for job in jobs)
    count = min(processes or os.cpu_count() or 1, max(1, size // _BYTES_A_PROCESS))
    if count <= 1:
        for number, outcome in enumerate(_extract_here(jobs, rules), 1):
            progress(number, len(jobs))
            yield outcome
        return
    mine, *others = _parts(jobs, count)
    workers: list[_Worker] = []
    try:
        for part in others:
            try:
                workers.append(_Worker(part, rules))
            except OSError:  # no room for its files: this process does the work
                mine += part
        found: dict[str, Outcome] = {}
        for number, outcome in enumerate(_extract_here(mine, rules), 1):
            found[outcome.key] = outcome
            progress(number * len(jobs) // len(mine), len(jobs))  # the others are about as far
        for worker in workers:
            found.update((outcome.key, outcome) for outcome in worker.outcomes())
    finally:
        for worker in workers:
            worker.stop()
    for job in jobs:
        yield found[job.key]


class _Worker:
    """A process that extracts its jobs while this one does its own.

    A plain child: unlike `multiprocessing` it never imports the caller's main module, and its module search path is the
    parent's, so that no file of the linted project can take the place of a library.

    They talk through nameless temporary files. Pipes of this size need a thread that reads and writes them, and that
    hardly ever got its turn while this process was busy: two processes took as long as one.
    """

    def __init__(self, jobs: list[Job], rules: RuleChoice) -> None:
        self._jobs = jobs
        self._rules = rules
        start = f"import sys; sys.path[:] = {sys.path!r}; from fastapi_lint.workers import serve; serve()"
        self._answer = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process runs
        with tempfile.TemporaryFile() as work:
            work.write(msgspec.msgpack.encode((jobs, rules)))
            work.seek(0)
            self._process = subprocess.Popen([sys.executable, "-c", start], stdin=work, stdout=self._answer)

    def outcomes(self) -> list[Outcome]:
        """What the process found; if it died, the work is done here."""
        self._process.wait()
        self._answer.seek(0)
        try:
            return list(_read(self._answer.read()))
        except msgspec.DecodeError:
            return list(_extract_here(self._jobs, self._rules))

    def stop(self) -> None:
        """Ends the process, finished or not."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._answer.close()


def _read(answer: bytes) -> Iterator[Outcome]:
    """The outcomes, one after the other, so that what one leaves over makes room for the next."""
    decoder, strings = msgspec.msgpack.Decoder(Outcome), SharedStrings()
    for one in msgspec.msgpack.decode(answer, type=list[msgspec.Raw]):
        outcome = decoder.decode(one)
        if outcome.facts is not None:
            strings.share(outcome.facts)
        yield outcome


def serve() -> None:
    """The main function of a worker process: jobs on standard input, outcomes on standard output."""
    answer = sys.stdout.buffer
    sys.stdout = sys.stderr  # nothing else may write into the answer
    try:
        jobs, rules = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=tuple[list[Job], RuleChoice])
    except msgspec.DecodeError:  # the parent was killed while it was talking
        return
    outcomes = with_deep_stack(lambda: list(_extract_here(jobs, rules)))
    answer.write(msgspec.msgpack.encode(outcomes))
    answer.flush()


def _parts(jobs: list[Job], count: int) -> list[list[Job]]:
    """The jobs in parts that take about equally long, the largest files first so that none of them comes last.

    The first part is this process's own, which runs already.
    """
    sized = sorted(((len(job.content), number) for number, job in enumerate(jobs)), reverse=True)
    parts: list[list[Job]] = [[] for _ in range(count)]
    totals = [0, *[_BYTES_TO_START] * (count - 1)]
    for size, number in sized:
        lightest = totals.index(min(totals))
        parts[lightest].append(jobs[number])
        totals[lightest] += size
    return [part for part in parts if part]


def _extract_here(jobs: Iterable[Job], rules: RuleChoice) -> Iterator[Outcome]:
    registry = load_rules(rules.plugins, rules.codes)
    handlers = node_handlers([rule for rule in registry.node_rules() if rule.code in rules.codes])
    with uncollected():  # trees go without it
        for number, job in enumerate(jobs, 1):
            yield _extract_one(job, handlers, quick=not rules.plugins)  # who knows what of the layout they look at
            if number % _FILES_PER_COLLECTION == 0:
                gc.collect(0)  # what little has cycles is young; the facts of earlier files need no look


def _extract_one(job: Job, handlers: dict[type, tuple[NodeHandler, ...]], quick: bool) -> Outcome:
    try:
        return Outcome(job.key, extract(SourceFile(job.path, job.content), handlers, quick=quick))
    except SourceError as error:
        return Outcome(job.key, error=str(error), position=error.position)
    except Exception:  # noqa: BLE001 - a crash on one file must not hide the others
        return Outcome(job.key, crash=f"{job.path}: {traceback.format_exc()}")
