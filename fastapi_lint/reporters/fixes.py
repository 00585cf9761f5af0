"""What is said about fixes: those that were applied, and those that may be."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from fastapi_lint.diagnostic import Applicability, Diagnostic
from fastapi_lint.reporters.style import printable

if TYPE_CHECKING:
    from fastapi_lint.fix import FixCount


def fixable_hint(
    diagnostics: Sequence[Diagnostic], unsafe: bool | None, unasked: Collection[str] = ()
) -> Iterator[str]:
    """What `--fix` would repair. `unsafe` None says that nobody has decided about unsafe fixes.

    `unasked` are the codes of rules whose fixes are not known, because computing them costs time.
    """
    applicable = sum(each.fix is not None and each.fix.applies(bool(unsafe)) for each in diagnostics)
    hidden = _hidden(diagnostics) if unsafe is None else 0
    enabled = f"{hidden} hidden {_fixes(hidden)} can be enabled with the `--unsafe-fixes` option"
    if applicable:
        yield f"[*] {applicable} fixable with the `--fix` option{f' ({enabled})' if hidden else ''}."
    elif hidden:
        yield f"No fixes available ({enabled})."
    unknown = sum(each.fix is None and each.code in unasked for each in diagnostics)
    if unknown:
        more = "more " if applicable or hidden else ""
        yield f"{unknown} {more}may be fixable: `--diff` shows what `--fix` would do."


def fix_summary(fixed: int, diagnostics: Iterable[Diagnostic], unsafe: bool | None, applied: bool) -> Iterator[str]:
    """What was fixed, or would be, where what remains is not reported."""
    hidden = _hidden(diagnostics) if unsafe is None else 0
    if fixed:
        more = f" ({hidden} additional {_fixes(hidden)} available with `--unsafe-fixes`)" if hidden else ""
        yield f"{'Fixed' if applied else 'Would fix'} {_counted(fixed)}{more}."
    elif hidden:
        verb = "fixed" if applied else "would be fixed"
        yield f"No diagnostics {verb} ({hidden} {_fixes(hidden)} available with `--unsafe-fixes`)."


def fix_list(fixed: Sequence[FixCount], applied: bool) -> Iterator[str]:
    """The fixes by file and rule."""
    total = sum(each.count for each in fixed)
    if not total:
        return
    yield f"{'Fixed' if applied else 'Would fix'} {_counted(total)}:"
    digits = len(str(max(each.count for each in fixed)))
    for filename, group in groupby(fixed, lambda each: each.filename):
        yield f"- {printable(filename)}:"
        for each in sorted(group, key=lambda each: (-each.count, each.code)):
            yield f"    {each.count:>{digits}} \N{MULTIPLICATION SIGN} {each.code} ({each.name})"


def _hidden(diagnostics: Iterable[Diagnostic]) -> int:
    return sum(each.fix is not None and each.fix.applicability is Applicability.UNSAFE for each in diagnostics)


def _counted(count: int) -> str:
    return f"{count} diagnostic{'' if count == 1 else 's'}"


def _fixes(count: int) -> str:
    return "fix" if count == 1 else "fixes"
