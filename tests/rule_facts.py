"""What the meta-tests know of the rules: their modules, the fixed table, and the examples in their docstrings."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from fastapi_lint.registry import RuleInfo, load_rules

if sys.version_info >= (3, 11):
    import tomllib
else:  # the standard library has a TOML reader from 3.11 on only
    import tomli as tomllib

REPOSITORY = Path(__file__).parent.parent
RULES = load_rules().rules
TABLE: dict[str, dict[str, Any]] = tomllib.loads((REPOSITORY / "tests" / "rule_table.toml").read_text(encoding="utf-8"))
ENGINE_RULES = ("FAL001", "FAL002")
"""Reported by the engine about files and comments: an example of them is no Python module that can be linted."""

_CODE_BLOCK = re.compile(r"^```(?:python|py)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def rule_file(info: RuleInfo, root: Path = REPOSITORY) -> Path:
    """The file that a rule must stand in."""
    return root / "rules" / f"{info.code.lower()}_{info.name.replace('-', '_')}.py"


def sections(info: RuleInfo) -> dict[str, str]:
    """The text under each `##` heading of a rule's docstring."""
    parts = re.split(r"^## (.+)$", info.doc, flags=re.MULTILINE)
    return {heading.strip(): text.strip() for heading, text in zip(parts[1::2], parts[2::2], strict=True)}


def examples(info: RuleInfo, heading: str) -> list[str]:
    """The Python code blocks under a heading."""
    return _CODE_BLOCK.findall(sections(info).get(heading, ""))
