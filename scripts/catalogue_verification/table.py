"""The result as a Markdown page."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from catalogue_verification.checks import Finding, Status

_HEAD = """\
# The catalogue, verified

Written by `scripts/verify_catalogue.py` on {date}; do not edit. Each name of the [catalogue](catalogue.md) was looked
up in the wheel of its library (for the standard library: in typeshed) by reading it; nothing was imported.

- **proved**: the name is defined there. A function listed with `blocks` is no coroutine function.
- **not provable**: reading cannot tell, for the reason given below; the library's documentation is the source.
- **excepted**: listed in `scripts/catalogue_exceptions.toml`, with the reason.
- **NOT FOUND**: must not happen.

"""


@dataclass(frozen=True)
class Result:
    """What was found out about one library."""

    library: str
    file: str
    docs: str | None
    looked_at: tuple[str, ...]
    findings: tuple[Finding, ...]

    def entries(self, status: Status) -> list[Finding]:
        return [item for item in self.findings if item.status is status and item.role == "entry"]

    def references(self, status: Status) -> list[Finding]:
        return [item for item in self.findings if item.status is status and item.role != "entry"]

    @property
    def wrong(self) -> list[Finding]:
        return [item for item in self.findings if item.status in (Status.MISSING, Status.ASYNC)]


def totals(results: Iterable[Result], role_is_entry: bool = True) -> Counter[Status]:
    return Counter(
        item.status for result in results for item in result.findings if (item.role == "entry") is role_is_entry
    )


def page(results: list[Result], date: dt.date) -> str:
    return "\n".join(
        [
            _HEAD.format(date=date.isoformat()),
            *_summary(results),
            *_libraries(results),
            *_wrong(results),
            *_reasons(results, Status.SOFT, "Not provable statically"),
            *_reasons(results, Status.EXCEPTED, "Excepted"),
            *_reasons(results, Status.PROVED, "Proved in another version than the current one"),
        ]
    )


def _summary(results: list[Result]) -> Iterator[str]:
    entries, references = totals(results), totals(results, role_is_entry=False)
    yield "| | names | references (returned types, bases, twins, module aliases) |"
    yield "|---|---:|---:|"
    for status in Status:
        yield f"| {status.value} | {entries[status]} | {references[status]} |"
    yield ""


def _libraries(results: list[Result]) -> Iterator[str]:
    yield "## Libraries\n"
    yield "| library | data file | looked at | proved | not provable | excepted | NOT FOUND |"
    yield "|---|---|---|---:|---:|---:|---:|"
    for result in results:
        counts = [len(result.entries(status)) for status in (Status.PROVED, Status.SOFT, Status.EXCEPTED)]
        cells = [result.library, result.file, ", ".join(result.looked_at) or "no wheel on the index"]
        yield f"| {' | '.join([*cells, *map(str, counts), str(len(result.wrong))])} |"
    yield ""


def _wrong(results: list[Result]) -> Iterator[str]:
    if any(result.wrong for result in results):
        yield "## NOT FOUND\n"
    for result in results:
        for item in result.wrong:
            role = "" if item.role == "entry" else f", {item.role}"
            yield f"- {result.library}: `{item.name}`: {item.status.value}{role}"
    yield ""


def _reasons(results: list[Result], status: Status, title: str) -> Iterator[str]:
    """One line for each reason that a library has; references count, too."""
    yield f"## {title}\n"
    for result in results:
        grouped: dict[str, list[str]] = {}
        for item in (*result.entries(status), *result.references(status)):
            if item.reason:
                grouped.setdefault(item.reason, []).append(item.name)
        if grouped:
            source = f" ([documentation]({result.docs}))" if result.docs and status is not Status.PROVED else ""
            yield f"### {result.library}{source}\n"
            for reason, names in grouped.items():
                yield f"- {reason}: {_short(names)}"
            yield ""


def _short(names: list[str]) -> str:
    """`a.b.Type: one, two`: members of one type share its name."""
    owners: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        owner, _, member = name.rpartition(".")
        owners.setdefault(owner, []).append(member)
    return "; ".join(
        f"`{owner}.{members[0]}`" if len(members) == 1 else f"`{owner}`: {', '.join(f'`{name}`' for name in members)}"
        for owner, members in owners.items()
    )
