"""What became of the files of a copy: which of them changed, which are broken, what ruff says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import libcst as cst

from ecosystem.errors import EcosystemError

_RULES = "F,E9"
_LINE_NUMBER = re.compile(r"\bline \d+")  # of an earlier definition


def changed_files(root: Path, copy: Path, expected: Mapping[str, bytes] | None = None) -> list[str]:
    """The files of a copy that differ from the original, or from the contents expected of them; new ones, too."""
    found = []
    for file in sorted(copy.rglob("*")):
        if not file.is_file() or file.is_symlink():
            continue
        name = file.relative_to(copy).as_posix()
        content = file.read_bytes()
        original = root / name
        wanted = (expected or {}).get(name)
        if wanted is None:
            wanted = original.read_bytes() if original.is_file() else None
        if content != wanted:
            found.append(name)
    return found


def unreadable(root: Path, copy: Path, names: Sequence[str]) -> Iterator[str]:
    """Changed files that were Python before and are none now."""
    for name in _python(names):
        if not (root / name).is_file():
            yield f"left behind: {name}"
        elif any(test(root / name) and not test(copy / name) for test in (_compiles, _parses)):
            yield f"does not compile: {name}"


def _compiles(file: Path) -> bool:
    """Whether the Python that runs takes it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(file.read_bytes(), str(file), "exec", dont_inherit=True)
        except (SyntaxError, ValueError):
            return False
    return True


def _parses(file: Path) -> bool:
    """Whether it is Python of any version."""
    try:
        cst.parse_module(file.read_bytes())
    except (cst.ParserSyntaxError, UnicodeDecodeError):
        return False
    return True


def found_by_ruff(folder: Path, names: Sequence[str]) -> Counter[str]:
    """What ruff finds of undefined and unused names and syntax errors, without the line numbers, which move."""
    files = [str(folder.resolve() / name) for name in _python(names)]
    if not files:
        return Counter()
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--exit-zero", "--select", _RULES]
    done = subprocess.run([*command, "--output-format", "json", *files], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise EcosystemError(f"ruff failed: {done.stderr.strip()}")
    return Counter(
        f"{Path(each['filename']).relative_to(folder.resolve()).as_posix()}: {each['code']} "
        + _LINE_NUMBER.sub("line N", each["message"])
        for each in json.loads(done.stdout)
    )


def _python(names: Sequence[str]) -> list[str]:
    return [name for name in names if name.endswith(".py")]
