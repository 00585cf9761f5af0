"""How many worker processes does the project start? What its deployment files say, as far as they are plain.

Only text files at the project root and one folder below are read, and only for the number of workers: state in memory
is one thing with one process, and another with several.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

_NAMES = (
    "*.service",
    "*.sh",
    "Containerfile",
    "Dockerfile*",
    "Procfile*",
    "compose*.y*ml",
    "docker-compose*.y*ml",
    "gunicorn*.py",
)
_SERVERS = re.compile(r"\b(?:gunicorn|uvicorn|hypercorn|granian|fastapi run)\b")
_FLAG = re.compile(r"(?:--workers|-w)[ =]+(\S+)")
_VARIABLE = re.compile(r"\bWEB_CONCURRENCY[ =:]+(\S+)")
_SETTING = re.compile(r"^workers\s*=\s*(.+)$", re.MULTILINE)
_NUMBER = re.compile(r"^(?:\$\{\w+:-)?(\d+)\}?$")
_LARGEST = 100_000


def visible_workers(root: Path) -> str | None:
    """Where several workers are started (`4 workers in Dockerfile`), or None."""
    for path in _files(root):
        try:
            if path.stat().st_size > _LARGEST:
                continue
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        count = _count(path.name, text)
        if count is not None:
            return f"{count} in {path.relative_to(root).as_posix()}"
    return None


def _files(root: Path) -> Iterator[Path]:
    try:
        here = sorted(root.iterdir())
        below = [inner for one in here if one.is_dir() and one.name[0] != "." for inner in sorted(one.iterdir())]
    except OSError:
        return
    for path in (*here, *below):
        if any(fnmatch(path.name, name) for name in _NAMES) and path.is_file():
            yield path


def _count(name: str, text: str) -> str | None:
    """`4 workers`, or `several workers` where the number is computed or comes from outside."""
    if name.endswith(".py"):
        found = _SETTING.findall(text)
    else:
        plain = re.sub(r"\\\n", " ", text)
        plain = re.sub(r"[\"',\[\]]+", " ", "\n".join(line.partition("#")[0] for line in plain.splitlines()))
        found = [match for line in plain.splitlines() if _SERVERS.search(line) for match in _FLAG.findall(line)]
        found += _VARIABLE.findall(plain)
    for value in found:
        number = _NUMBER.match(value.strip())
        if number is None:
            return "several workers" if "cpu_count" in value or value.startswith("$") else None
        if int(number[1]) > 1:
            return f"{number[1]} workers"
    return None
