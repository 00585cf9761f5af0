"""Proves, app by app, that `fastapi-lint --fix --unsafe-fixes` keeps what a program does and ends its stalls.

Every folder in `apps/` is a small project with a `case.toml` that says how to drive it. It is driven as it is, fixed,
and driven again, each time in a process of its own; the two records must be equal. `python harness.py --report` prints
a table, `--list` the apps. `FASTAPI_LINT_COMMAND` replaces the command that fixes (the path is appended).
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import difflib
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import tokenize
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).resolve().parent
APPS = HERE / "apps"
SUPPORT = HERE / "support"

COMMAND = [sys.executable, "-m", "fastapi_lint", "check", "--fix", "--unsafe-fixes", "--isolated", "--no-cache"]
CLEAN_EXITS = (0, 1)
DRIVE_TIMEOUT = 120.0
FIX_TIMEOUT = 120.0
ATTEMPTS = 3  # for times only: what an app does must be right at once
STALLED, UNBLOCKED = 0.6, 0.4  # shares of the expected time
NOISE_MS = 100.0  # what a busy machine may do to an app that does not block

CASE_KEYS = {"must_change", "must_not_change", "paths", "stdin", "steps"}
STEP_KEYS = {
    "path", "method", "json", "data", "content", "headers", "params", "files", "chunks", "websocket", "send", "call",
    "group", "unordered", "stall", "after",
}  # fmt: skip

OWN_CODE = re.compile(r"\bFAL\d+")
OTHER_CODE = re.compile(r"\b(?!FAL\d)[A-Z]+\d+\b")

Record = dict[str, Any]
Fixer = Callable[[list[Path]], None]


class FixerError(Exception):
    """The linter crashed, or refused to work."""


@dataclass(frozen=True)
class Case:
    """An app and what is expected of it.

    A step is a request (`path`), a conversation (`websocket`) or a call of other code of the project (`call`). Steps
    that follow each other with the same `group` run at the same time. `stall` is for how long the step freezes the loop
    before, in milliseconds, and must not after; `after` says what the step may do otherwise once a real mistake is
    repaired; `unordered` leaves the order of the journal out.
    """

    folder: Path
    must_change: bool
    must_not_change: bool
    steps: list[dict[str, Any]]
    paths: list[str]
    stdin: str

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def expectation(self) -> str:
        return "change" if self.must_change else "same" if self.must_not_change else "any"

    def stages(self) -> list[dict[str, Any]]:
        """The steps, those that run together in one stage."""
        keyed = groupby(enumerate(self.steps), key=lambda pair: pair[1].get("group") or pair[0])
        grouped = [[step for _, step in pairs] for _, pairs in keyed]
        return [{"steps": steps, "unordered": any(step.get("unordered") for step in steps)} for steps in grouped]

    def stalls(self) -> list[float]:
        """The expected stall of every stage; 0 where none is asked for."""
        return [max(float(step.get("stall", 0)) for step in stage["steps"]) for stage in self.stages()]


@dataclass
class Outcome:
    case: Case
    changed: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    stalls_before: list[float] = field(default_factory=list)
    stalls_after: list[float] = field(default_factory=list)


def load_case(folder: Path) -> Case:
    said = tomllib.loads((folder / "case.toml").read_text(encoding="utf-8"))
    if unknown := said.keys() - CASE_KEYS | {key for step in said["steps"] for key in step.keys() - STEP_KEYS}:
        raise ValueError(f"{folder.name}/case.toml: unknown keys {sorted(unknown)}")
    case = Case(
        folder=folder,
        must_change=said.get("must_change", False),
        must_not_change=said.get("must_not_change", False),
        steps=said["steps"],
        paths=said.get("paths", ["."]),
        stdin=said.get("stdin", ""),
    )
    if (case.must_change or any(case.stalls())) and case.must_not_change:
        raise ValueError(f"{folder.name}/case.toml: must and must not change")
    if any(case.stalls()) and not case.must_change:
        raise ValueError(f"{folder.name}/case.toml: a stall that must end is a file that must change")
    return case


def all_cases() -> list[Case]:
    return [load_case(path.parent) for path in sorted(APPS.glob("*/case.toml"))]


def sources(folder: Path) -> dict[str, bytes]:
    """Every file of a project by its relative path, without what running it leaves behind."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def copy_app(case: Case, target: Path) -> Path:
    ignored = shutil.ignore_patterns("case.toml", "__pycache__")
    return Path(shutil.copytree(case.folder, target / "project", ignore=ignored))


def lint_fix(paths: list[Path]) -> None:
    """The real fixer."""
    said = os.environ.get("FASTAPI_LINT_COMMAND")
    command = shlex.split(said) if said else COMMAND
    try:
        done = subprocess.run(
            [*command, *map(str, paths)], capture_output=True, text=True, timeout=FIX_TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired as late:
        raise FixerError(f"the fixer took more than {FIX_TIMEOUT:.0f} s") from late
    if done.returncode not in CLEAN_EXITS:
        raise FixerError(f"exit code {done.returncode}: {done.stderr.strip()[-2000:]}")


def drive(project: Path, case: Case) -> Record:
    """What the project does when its steps are taken, in a fresh process."""
    with tempfile.TemporaryDirectory() as folder:
        spec, record = Path(folder, "spec.json"), Path(folder, "record.json")
        spec.write_text(json.dumps({"stages": case.stages()}), encoding="utf-8")
        search = [str(project), str(SUPPORT), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(search), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, str(SUPPORT / "driver.py"), str(spec), str(record)]
        try:
            done = subprocess.run(
                command, cwd=project, env=environment, input=case.stdin, capture_output=True, text=True,
                timeout=DRIVE_TIMEOUT, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return {"hang": f"no end within {DRIVE_TIMEOUT:.0f} s"}
        if not record.exists():
            return {"crash": done.stderr.strip()[-2000:].replace(str(project), "PROJECT")}
        return dict(json.loads(record.read_text(encoding="utf-8")))


def stalls(record: Record) -> list[float]:
    return [stage["stall_ms"] for stage in record.get("stages", [])]


def behaviour(record: Record) -> Record:
    """The record without its times."""
    stages = [{key: said for key, said in stage.items() if key != "stall_ms"} for stage in record.get("stages", [])]
    return {**record, "stages": stages}


def differences(case: Case, before: Record, after: Record) -> list[str]:
    """What the fixed app does that the original does not."""
    for record, whose in ((before, "original"), (after, "fixed app")):
        if trouble := record.get("hang") or record.get("crash"):
            return [f"the {whose} does not run: {trouble}"]
    old, new = behaviour(before), behaviour(after)
    found = []
    for number, (stage, was, now) in enumerate(zip(case.stages(), old.pop("stages"), new.pop("stages"), strict=True)):
        if now == was:
            continue
        repaired = repair(stage["steps"], was)
        if repaired is None or now != repaired:
            found.append(f"stage {number} ({title(stage['steps'])}):\n{unlike(repaired or was, now)}")
    # A fix may await what nobody awaited; never the other way round.
    forgotten = set(new.pop("runtime_warnings")) - set(old.pop("runtime_warnings"))
    found += [f"new warning: {text}" for text in sorted(forgotten)]
    if old != new:
        found.append(f"around the requests:\n{unlike(old, new)}")
    return found


def repair(steps: list[dict[str, Any]], was: Record) -> Record | None:
    """The stage as it may be after a fix that repairs a mistake."""
    if not any("after" in step for step in steps):
        return None
    fixed = {**was, "steps": list(was["steps"])}
    for number, step in enumerate(steps):
        change = dict(step.get("after", {}))
        fixed["journal"] = change.pop("journal", fixed["journal"])
        fixed["steps"][number] = {**was["steps"][number], **change}
    return fixed


def unlike(was: Record, now: Record) -> str:
    old, new = (json.dumps(said, indent=1, sort_keys=True).splitlines() for said in (was, now))
    return "\n".join(line for line in difflib.unified_diff(old, new, "original", "fixed", lineterm="", n=1))


def title(steps: list[dict[str, Any]]) -> str:
    return " + ".join(str(step.get("path") or step.get("websocket") or step.get("call")) for step in steps)


def text_problems(name: str, was: bytes, now: bytes, elsewhere: set[str]) -> list[str]:
    """What a fix did to the text of one Python file beyond its purpose."""
    try:
        compile(now, name, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        return [f"{name} does not compile: {error}"]
    found = []
    bom = b"\xef\xbb\xbf"
    if was.startswith(bom) != now.startswith(bom):
        found.append(f"{name}: byte order mark lost or added")
    if was.endswith(b"\n") != now.endswith(b"\n"):
        found.append(f"{name}: final newline lost or added")
    found += [f"{name}: {said}" for said in line_problems(was, now)]
    if lost := comments(was) - comments(now):
        found.append(f"{name}: comments lost: {sorted(lost)}")
    if unused := unused_imports(now) - unused_imports(was) - elsewhere:
        found.append(f"{name}: imports that nothing uses: {sorted(unused)}")
    return found


def line_problems(was: bytes, now: bytes) -> Iterator[str]:
    """Line endings and indentation: of lines that stay, and of those that come."""
    old, new = was.splitlines(keepends=True), now.splitlines(keepends=True)
    endings = {ending(line) for line in old} - {b""}
    tabs = {line[:1] for line in old if line[:1].isspace() and line.strip()} == {b"\t"}
    texts = [line.rstrip(b"\r\n") for line in old], [line.rstrip(b"\r\n") for line in new]
    for tag, i, j, k, m in difflib.SequenceMatcher(None, *texts, autojunk=False).get_opcodes():
        if tag == "equal":
            for before, after in zip(old[i:j], new[k:m], strict=True):
                if before != after and ending(before) and ending(after):
                    yield f"line ending changed: {before!r} to {after!r}"
            continue
        for line in new[k:m]:
            if ending(line) and ending(line) not in endings:
                yield f"foreign line ending: {line!r}"
            if tabs and line.startswith(b" ") and line.strip():
                yield f"spaces in a file with tabs: {line!r}"


def ending(line: bytes) -> bytes:
    return line[len(line.rstrip(b"\r\n")) :]


def comments(source: bytes) -> Counter[str]:
    """All comments, part by part; our own suppressions are left out, since a fix may make them needless."""
    found: Counter[str] = Counter()
    for token in tokenize.tokenize(io.BytesIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        for part in token.string.split("#"):
            if OWN_CODE.search(part):
                found.update(f"noqa: {code}" for code in OTHER_CODE.findall(part))
            elif part.strip() and "fastapi-lint" not in part:
                found[" ".join(part.split())] += 1
    return found


def unused_imports(source: bytes) -> set[str]:
    """Names that the file imports and does not mention again, neither in code nor in strings that are code."""
    tree = ast.parse(source)
    bound = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)) and getattr(node, "module", "") != "__future__":
            bound |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return bound - used - set().union(*map(names_in_text, texts_of(tree)))


def texts_of(tree: ast.AST) -> Iterator[str]:
    """The strings of a module that are not documentation: annotations and `__all__` are among them."""
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.value


def names_in_text(text: str) -> set[str]:
    """The names in a string that is an expression, as an annotation is."""
    try:
        return {node.id for node in ast.walk(ast.parse(text.strip(), mode="eval")) if isinstance(node, ast.Name)}
    except (SyntaxError, ValueError):
        return set()


def taken_elsewhere(files: dict[str, bytes], without: str) -> set[str]:
    """The names that other files import from some module."""
    taken = set()
    for name, text in files.items():
        if name.endswith(".py") and name != without:
            with contextlib.suppress(SyntaxError):
                found = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom))
                taken |= {alias.name for node in found for alias in node.names}
    return taken


def source_problems(case: Case, original: dict[str, bytes], fixed: dict[str, bytes]) -> list[str]:
    found = []
    if original.keys() != fixed.keys():
        found.append(f"files came or went: {sorted(original.keys() ^ fixed.keys())}")
    for name in sorted(original.keys() & fixed.keys()):
        was, now = original[name], fixed[name]
        if was == now:
            continue
        if case.must_not_change:
            found.append(f"{name} must not change:\n{text_diff(was, now)}")
        if "." not in case.paths and name not in case.paths:
            found.append(f"{name} is outside of the run, and changed")
        if name.endswith(".py"):
            found += text_problems(name, was, now, taken_elsewhere(fixed, name))
    return found


def text_diff(was: bytes, now: bytes) -> str:
    old, new = (text.decode("utf-8", "replace").splitlines() for text in (was, now))
    return "\n".join(difflib.unified_diff(old, new, "original", "fixed", lineterm="", n=1))


def check(case: Case, workdir: Path, fixer: Fixer = lint_fix) -> Outcome:
    """Drive, fix, fix again, drive, compare."""
    outcome = Outcome(case)
    project = copy_app(case, workdir)
    original = sources(project)
    before = drive_until(project, case, stalled=True)
    outcome.stalls_before = stalls(before)
    targets = [project if path == "." else project / path for path in case.paths]
    try:
        fixer(targets)
        fixed = sources(project)
        fixer(targets)
    except FixerError as error:
        outcome.problems.append(str(error))
        return outcome
    outcome.changed = [name for name, text in fixed.items() if text != original.get(name)]
    if again := sources(project) != fixed:
        outcome.problems.append("a second run changes more")
    if case.must_change and not outcome.changed:
        outcome.problems.append("nothing was fixed")
    outcome.problems += source_problems(case, original, fixed)
    after = before
    if outcome.changed or again:
        after = drive_until(project, case, stalled=False)
        outcome.problems += differences(case, before, after)
    outcome.stalls_after = stalls(after)
    outcome.problems += stall_problems(case, before, stalled=True) + stall_problems(case, after, stalled=False)
    if outcome.problems and outcome.changed:
        shown = (text_diff(original.get(name, b""), fixed[name]) for name in outcome.changed)
        outcome.problems.append("the fix was:\n" + "\n".join(shown))
    return outcome


def drive_until(project: Path, case: Case, *, stalled: bool) -> Record:
    """A record whose times are as they should be, or the last of a few: the machine may be busy."""
    record = drive(project, case)
    for _ in range(ATTEMPTS - 1):
        if not stall_problems(case, record, stalled=stalled):
            break
        record = drive(project, case)
    return record


def stall_problems(case: Case, record: Record, *, stalled: bool) -> list[str]:
    found = []
    for number, (expected, measured) in enumerate(zip(case.stalls(), stalls(record), strict=False)):
        if not expected:
            continue
        if stalled and measured < STALLED * expected:
            found.append(f"stage {number}: the original should freeze the loop for {expected} ms, was {measured} ms")
        if not stalled and measured >= max(UNBLOCKED * expected, NOISE_MS):
            found.append(f"stage {number}: still freezes the loop for {measured} ms")
    return found


def check_in_temp(case: Case) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        return check(case, Path(folder))


def report(cases: list[Case], jobs: int, *, verbose: bool) -> int:
    """A line for each app; the number of apps with problems."""
    out = sys.stdout.write
    width = max(len(case.name) for case in cases)
    out(f"{'app':{width}}  expect  changed  equal  stall before > after (ms)\n")
    failed = 0
    with ThreadPoolExecutor(jobs) as pool:
        for outcome in pool.map(check_in_temp, cases):
            times = [max(said, default=0.0) for said in (outcome.stalls_before, outcome.stalls_after)]
            changed, equal = ("yes" if outcome.changed else "-"), ("NO" if outcome.problems else "yes")
            case = outcome.case
            out(f"{case.name:{width}}  {case.expectation:6}  {changed:7}  {equal:5}  ")
            out(f"{times[0]:6.0f} > {times[1]:.0f}\n")
            failed += bool(outcome.problems)
            for problem in outcome.problems:
                shown = problem if verbose else problem.splitlines()[0]
                out("    " + shown.replace("\n", "\n    ") + "\n")
            sys.stdout.flush()
    out(f"{len(cases)} apps, {failed} with problems\n")
    return failed


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", help="apps; all if none is named")
    parser.add_argument("--list", action="store_true", help="print the apps and what is expected of each")
    parser.add_argument("--report", action="store_true", help="check the apps and print a table (the default)")
    parser.add_argument("--verbose", action="store_true", help="print problems in full")
    parser.add_argument("--jobs", type=int, default=1, help="apps at a time; more than one blurs the times")
    options = parser.parse_args()
    cases = [case for case in all_cases() if not options.names or case.name in options.names]
    if options.list:
        for case in cases:
            docstring = ast.get_docstring(ast.parse((case.folder / "app.py").read_bytes())) or ""
            sys.stdout.write(f"{case.name:32} {case.expectation:7} {docstring.splitlines()[0] if docstring else ''}\n")
        return 0
    return 1 if report(cases, options.jobs, verbose=options.verbose) else 0


if __name__ == "__main__":
    sys.exit(main())
