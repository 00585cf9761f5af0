"""What is said about a run as a whole: how many diagnostics, and of which rules."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator

import msgspec

from fastapi_lint.diagnostic import Diagnostic, Severity

_PLURAL = {Severity.ERROR: "error{}", Severity.WARNING: "warning{}", Severity.INFO: "info"}


class Count(msgspec.Struct, frozen=True):
    """How often a rule reported; `fixable` counts those whose fix `--fix` applies."""

    code: str
    name: str
    count: int
    fixable: int


def summary(diagnostics: Iterable[Diagnostic], fixed: int = 0) -> str:
    """How much was found; `fixed` is how much is not there any more."""
    by_severity = Counter(each.severity for each in diagnostics)
    total = sum(by_severity.values())
    if fixed:
        return f"Found {total + fixed} diagnostic{_s(total + fixed)} ({fixed} fixed, {total} remaining)."
    if not total:
        return "All checks passed!"
    parts = [f"{by_severity[level]} {_PLURAL[level].format(_s(by_severity[level]))}" for level in Severity]
    return f"Found {total} diagnostic{_s(total)} ({', '.join(parts)})."


def counts(diagnostics: Iterable[Diagnostic], unsafe: bool = False) -> list[Count]:
    """Diagnostics by rule, the most frequent first."""
    by_rule: dict[tuple[str, str], list[Diagnostic]] = {}
    for each in diagnostics:
        by_rule.setdefault((each.code, each.name), []).append(each)
    found = [
        Count(code, name, len(group), sum(each.fix is not None and each.fix.applies(unsafe) for each in group))
        for (code, name), group in by_rule.items()
    ]
    return sorted(found, key=lambda each: (-each.count, each.code))


def statistics(
    diagnostics: Iterable[Diagnostic], output_format: str, unsafe: bool = False, unasked: Collection[str] = ()
) -> Iterator[str]:
    """The counts as a table, or as JSON where the output format is JSON.

    `[*]` all can be fixed, `[-]` some, `[ ]` none; `[?]` nobody has asked.
    """
    found = counts(diagnostics, unsafe)
    if output_format == "json":
        yield json.dumps(msgspec.to_builtins(found), indent=2)
        return
    digits = len(str(max((each.count for each in found), default=0)))
    for each in found:
        none = "[?]" if each.code in unasked else "[ ]"
        mark = "[*]" if each.fixable == each.count else "[-]" if each.fixable else none
        yield f"{each.count:>{digits}}\t{each.code}\t{mark} {each.name}"


def _s(count: int) -> str:
    return "" if count == 1 else "s"
