#!/usr/bin/env python3
"""Writes `docs/rules.md`, `docs/rules/*.md` and the table in README.md from the rules themselves.

With `--check` nothing is written: the exit code says whether everything is up to date.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from fastapi_lint.registry import RuleInfo, load_rules

REPOSITORY = Path(__file__).resolve().parent.parent
FAMILIES = {
    "0": "The tool itself",
    "1": "Blocking the event loop",
    "2": "Connections, clients and pools",
    "3": "Shared mutable state",
    "4": "Request pipeline",
    "5": "Data access",
    "6": "Background work",
    "7": "Deployment",
}
_README_TABLE = re.compile(r"(<!-- rules: [^>]*-->\n).*?(<!-- end of rules -->)", re.DOTALL)


def rule_page(info: RuleInfo) -> str:
    """The page of one rule."""
    state = "on by default" if info.default else "off by default"
    fix = "no fix" if info.fix == "none" else f"[{info.fix} fix](../fixes.md) where one is possible"
    source = f"rules/{info.code.lower()}_{info.name.replace('-', '_')}.py"
    return (
        f"<!-- Written by scripts/generate_docs.py from {source}: change it there. -->\n\n"
        f"# {info.name} ({info.code})\n\n"
        f"{info.severity.value.capitalize()}, {state}, {fix}.\n\n"
        f"{info.doc.strip()}\n"
    )


def index_page(rules: tuple[RuleInfo, ...]) -> str:
    """The list of all rules, by family."""
    parts = ["<!-- Written by scripts/generate_docs.py: change the rules instead. -->\n\n# Rules\n"]
    for digit, title in FAMILIES.items():
        members = [info for info in rules if info.code[3] == digit]
        if members:
            parts.append(f"\n## FAL{digit}xx {title}\n\n" + "\n".join(_index_rows(members)) + "\n")
    return "".join(parts)


def _index_rows(rules: list[RuleInfo]) -> Iterator[str]:
    yield "| code | name | what | severity | default | fix |"
    yield "|---|---|---|---|---|---|"
    for info in rules:
        default, fix = ("on" if info.default else "off"), ("-" if info.fix == "none" else info.fix)
        link = f"[{info.name}](rules/{info.name}.md)"
        yield f"| {info.code} | {link} | {info.summary} | {info.severity.value} | {default} | {fix} |"


def _readme_rows(rules: tuple[RuleInfo, ...]) -> Iterator[str]:
    yield "| code | name | what | severity |"
    yield "|---|---|---|---|"
    for info in rules:
        severity = info.severity.value if info.default else f"{info.severity.value}, off by default"
        yield f"| {info.code} | [{info.name}](docs/rules/{info.name}.md) | {info.summary} | {severity} |"


def readme_text(text: str, rules: tuple[RuleInfo, ...]) -> str:
    """README.md with the table between its two comments brought up to date."""
    table = "\n".join(_readme_rows(rules))
    return _README_TABLE.sub(lambda found: f"{found.group(1)}{table}\n{found.group(2)}", text)


def pages(root: Path) -> dict[Path, str]:
    """What should stand in each file."""
    rules = load_rules().rules
    readme = root / "README.md"
    wanted = {root / "docs" / "rules" / f"{info.name}.md": rule_page(info) for info in rules}
    wanted[root / "docs" / "rules.md"] = index_page(rules)
    wanted[readme] = readme_text(readme.read_text(encoding="utf-8"), rules)
    return wanted


def stale(root: Path, wanted: dict[Path, str]) -> list[Path]:
    """The files that are missing, differ, or belong to no rule any more."""
    left_over = [path for path in sorted((root / "docs" / "rules").glob("*.md")) if path not in wanted]
    changed = [path for path, text in wanted.items() if not path.is_file() or path.read_text("utf-8") != text]
    return left_over + changed


def main() -> int:
    """Writes or checks."""
    parser = argparse.ArgumentParser(description="Writes the documentation of the rules.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail where something is out of date")
    check = parser.parse_args().check
    wanted = pages(REPOSITORY)
    files = stale(REPOSITORY, wanted)
    for path in files:
        print(f"{'out of date' if check else 'written'}: {path.relative_to(REPOSITORY)}")
        if not check and path in wanted:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[path], encoding="utf-8")
        elif not check:
            path.unlink()
    if check and files:
        print("Run scripts/generate_docs.py.")
    return 1 if check and files else 0


if __name__ == "__main__":
    sys.exit(main())
