"""Results as tables for people; the JSON beside them has every single measurement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

_YARDSTICK = "libcst.parse_module"


def markdown(results: Mapping[str, Any]) -> str:
    """The whole report."""
    machine, versions = results["machine"], results["versions"]
    lines = [
        "# Measurements",
        "",
        (
            f"Whole processes, medians of up to {results['rounds']} rounds, fewer of what takes long (see runs). "
            "In each round every scenario runs once, in turn. "
            "CPU and memory count child processes: CPU is their sum, memory that of the largest process."
        ),
        "",
        (
            f"Machine: {machine['cores']} cores, {machine['memory_gb']:.0f} GB of memory, {machine['system']}; "
            f"load average when the run began: {machine['load']:.1f}. "
            "Seconds of a busy machine say little; ratios within one run say more."
        ),
        "",
        "Versions: " + ", ".join(f"{name} {version}" for name, version in versions.items()) + ".",
        "",
    ]
    for corpus in results["corpora"]:
        lines += _corpus(corpus)
    if results["scaling"]:
        lines += _scaling(results["scaling"])
    return "\n".join(lines).rstrip() + "\n"


def _corpus(corpus: Mapping[str, Any]) -> list[str]:
    size = corpus["size"]
    lines = [f"## {corpus['name']}", "", f"{size['files']} files, {size['lines']} lines, {size['bytes']} bytes.", ""]
    for cores, rows in corpus["cores"].items():
        parse = rows[_YARDSTICK]["median"]["wall"] if rows.get(_YARDSTICK, {}).get("median") else None
        lines += [f"On {cores} core{'s' if cores != '1' else ''}:", ""]
        table = []
        for name, row in rows.items():
            cost = row["median"]
            if cost is None:
                table.append((name, f"more than {row['timeout']:.0f}", "", "", "", ""))
                continue
            ratio = f"{cost['wall'] / parse:.2f}" if parse else ""
            memory, runs = f"{cost['peak_mb']:.0f}", str(len(row["all"]))
            table.append((name, f"{cost['wall']:.2f}", f"{cost['cpu']:.2f}", memory, ratio, runs))
        lines += _table(("scenario", "wall s", "CPU s", "peak MB", "wall / bare parse", "runs"), table)
    return lines


def _scaling(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    table = [
        (
            str(row["modules"]),
            f"{row['cold']['wall']:.2f}",
            f"{row['cold']['wall'] / row['modules'] * 1000:.2f}",
            f"{row['cold']['peak_mb']:.0f}",
            f"{row['warm']['wall']:.2f}",
            f"{row['warm']['wall'] / row['modules'] * 1000:.2f}",
            f"{row['warm']['peak_mb']:.0f}",
        )
        for row in rows
    ]
    head = ("modules", "cold s", "ms each", "peak MB", "nothing changed s", "ms each", "peak MB")
    return ["## Generated projects", "", *_table(head, table)]


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    rule = ["---", *["---:"] * (len(head) - 1)]
    return [*("| " + " | ".join(row) + " |" for row in (head, tuple(rule), *rows)), ""]
