#!/usr/bin/env python3
"""Writes a rule and its first fixtures, all of which pass the tests: change them step by step from there.

    scripts/new_rule.py FAL508 count-by-len project

The code and the name must be in `tests/rule_table.toml` and not be taken. FAMILY says what the rule looks at: `node`
for the shape of the code, `project` for code in its context.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:  # the standard library has a TOML reader from 3.11 on only
    import tomli as tomllib

REPOSITORY = Path(__file__).resolve().parent.parent

_DOCUMENTATION = '''\
"""Say in one sentence what is wrong.

## What it does

Say what is reported, and what is not.

## Why is this bad?

Say what it costs, with the measured number.

## Example

```python
{bad}```

## Use instead

```python
{good}```
"""
'''
_NODE = """
from __future__ import annotations

import libcst as cst

from fastapi_lint.api import NodeContext, NodeRule, Severity, on


class {kind}(NodeRule):
    code = "{code}"
    name = "{name}"
    severity = Severity.{severity}
{default}
    @on(cst.Call)
    def check(self, node: cst.Call, context: NodeContext) -> None:
        if context.qualified_name(node.func) == "builtins.breakpoint":
            context.report(node, "`breakpoint` is called; name the API here, and the way out")
"""
_PROJECT = """
from __future__ import annotations

from collections.abc import Iterator

from fastapi_lint.api import Project, ProjectRule, Report, Severity


class {kind}(ProjectRule):
    code = "{code}"
    name = "{name}"
    severity = Severity.{severity}
{default}
    def check(self, project: Project) -> Iterator[Report]:
        for entry in project.entry_points:
            if entry.label == "GET /{name}":
                message = f"`{{entry.label}}` is a route; name the API here, and the way out"
                yield Report(project.spot(entry.gid, entry.place), message)
"""
_BAD = {
    "node": "breakpoint(){mark}\n",
    "project": """\
from fastapi import FastAPI

app = FastAPI()


@app.get("/{name}"){mark}
def index() -> None: ...
""",
}
_GOOD = {
    "node": "print()\n",
    "project": """\
from fastapi import FastAPI

app = FastAPI()


@app.get("/")
def index() -> None: ...
""",
}


def read_table(root: Path) -> dict[str, dict[str, Any]]:
    """All codes that were ever given out, with what is fixed about them."""
    return tomllib.loads((root / "tests" / "rule_table.toml").read_text(encoding="utf-8"))


def rule_text(code: str, row: dict[str, Any], family: str) -> str:
    """A rule that reports a placeholder."""
    name = row["name"]
    values = {
        "code": code,
        "name": name,
        "kind": "".join(word.capitalize() for word in name.split("-")),
        "severity": row["severity"].upper(),
        "default": "" if row["default"] else "    default = False\n",
    }
    bad = _BAD[family].format(name=name, mark="")
    documentation = _DOCUMENTATION.format(bad=bad, good=_GOOD[family])
    return documentation + {"node": _NODE, "project": _PROJECT}[family].format(**values)


def fixture_texts(code: str, row: dict[str, Any], family: str) -> dict[str, str]:
    """A case that reports and one that is silent, by file name."""
    bad = _BAD[family].format(name=row["name"], mark=f"  # expect: {code}")
    return {
        "report_first.py": f'"""Say what this case is about."""\n\n{bad}',
        "silent_first.py": f'"""Say what this case is about."""\n\n{_GOOD[family]}',
    }


def write_rule(code: str, name: str, family: str, root: Path) -> list[Path]:
    """Writes the files below `root` and gives their paths; raises ValueError where the code is not to be had."""
    row = read_table(REPOSITORY).get(code)
    if row is None or row["name"] != name:
        known = "no such code" if row is None else f"its name is `{row['name']}`"
        raise ValueError(f"{code} {name}: {known} in tests/rule_table.toml")
    files = {root / "rules" / f"{code.lower()}_{name.replace('-', '_')}.py": rule_text(code, row, family)}
    for file, text in fixture_texts(code, row, family).items():
        files[root / "tests" / "fixtures" / code / file] = text
    taken = [path for path in files if path.exists()]
    if taken:
        raise ValueError(f"{taken[0].relative_to(root)} exists already")
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(files)


def main() -> int:
    """Writes the rule that the command line asks for."""
    parser = argparse.ArgumentParser(description="Writes a rule and its first fixtures.")
    parser.add_argument("code", metavar="CODE")
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("family", metavar="FAMILY", choices=["node", "project"])
    given = parser.parse_args()
    try:
        written = write_rule(given.code, given.name, given.family, REPOSITORY)
    except ValueError as error:
        parser.error(str(error))
    for path in written:
        print(path.relative_to(REPOSITORY))
    print("Next: write the docstring and the fixtures, then the rule; then scripts/generate_docs.py and scripts/check.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
