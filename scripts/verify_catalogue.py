#!/usr/bin/env python3
"""Proves every name of the catalogue against the package it belongs to, and writes what it found to a table.

    scripts/verify_catalogue.py --wheels DIR [--only LIBRARY] [--write]

Wheels are taken from DIR, or downloaded into it through pip's configured index. Their source and stubs are read;
nothing is imported or installed. Fails when a name is not found, when a coroutine function is listed as blocking, or
when an exception in `catalogue_exceptions.toml` is no longer needed.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from importlib import resources
from pathlib import Path

from catalogue_verification.archives import Archive, Shelf, View, typeshed
from catalogue_verification.checks import Status, Verifier, Version
from catalogue_verification.resolver import Resolver
from catalogue_verification.settings import Allowed, Settings, load_settings
from catalogue_verification.table import Result, page, totals

from fastapi_lint.catalogue import Library, parse_libraries

REPOSITORY = Path(__file__).resolve().parent.parent
EXCEPTIONS = REPOSITORY / "scripts" / "catalogue_exceptions.toml"
TABLE = REPOSITORY / "docs" / "catalogue-verification.md"


def libraries() -> list[tuple[str, Library]]:
    """All libraries with the name of their data file."""
    folder = resources.files("fastapi_lint") / "data"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)
    return [
        (file.name, library)
        for file in files
        for library in parse_libraries(file.read_text(encoding="utf-8"), file.name)
    ]


class Verification:
    """Verifies one library after the other; what they share is read once."""

    def __init__(self, shelf: Shelf, settings: Settings) -> None:
        self._shelf = shelf
        self._distributions = settings.distributions
        self._exceptions = Allowed(settings.exception)
        self._blocking = Allowed(settings.blocking)
        self._stdlib = typeshed()

    def archives(self, library: Library) -> list[Archive]:
        if library.name == "stdlib":
            return [self._stdlib]
        requirements = self._distributions.get(library.name, (library.name,))
        return [archive for archive in map(self._shelf.get, requirements) if archive is not None]

    def versions(self, archives: list[Archive]) -> list[Version]:
        """The first archive of each distribution is the current one; each other one makes a view of its own."""
        if not archives:
            return []
        current = {archive.distribution: archive for archive in reversed(archives)}
        others = [*self._shelf.newest(), self._stdlib]
        views = [Version("", Resolver(View(current.values(), others)))]
        for archive in archives:
            if archive is not current[archive.distribution]:
                own = {**current, archive.distribution: archive}
                views.append(Version(f"in {archive.label}", Resolver(View(own.values(), others))))
        return views

    def result(self, file: str, library: Library) -> Result:
        archives = self.archives(library)
        verifier = Verifier(self.versions(archives), self._exceptions, self._blocking)
        labels = tuple(archive.label for archive in archives)
        return Result(library.name, file, library.docs, labels, tuple(verifier.verify(library)))

    def unused(self) -> list[str]:
        """Exceptions that no name needed."""
        return [*self._exceptions.unused(), *self._blocking.unused()]


def run(arguments: argparse.Namespace) -> int:
    verification = Verification(Shelf(arguments.wheels, arguments.download), load_settings(EXCEPTIONS))
    results = []
    for file, library in libraries():
        if not arguments.only or library.name in arguments.only:
            results.append(verification.result(file, library))
            report(results[-1], arguments.verbose)
    unused = [] if arguments.only else verification.unused()
    for pattern in unused:
        print(f"{EXCEPTIONS.name}: `{pattern}` is no longer needed")
    if arguments.write:
        TABLE.write_text(page(results, dt.datetime.now(dt.timezone.utc).date()), encoding="utf-8")
    counts = totals(results)
    print(", ".join(f"{counts[status]} {status.value}" for status in Status))
    return 1 if unused or any(result.wrong for result in results) else 0


def report(result: Result, verbose: bool) -> None:
    shown = result.wrong
    if verbose:
        shown += [item for item in result.findings if item.status in (Status.SOFT, Status.EXCEPTED)]
    for item in shown:
        print(f"{result.file}: {result.library}: {item.name}: {item.status.value} ({item.role}) {item.reason}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheels", type=Path, required=True, metavar="DIR", help="where wheels are, or shall be")
    parser.add_argument("--no-download", dest="download", action="store_false", help="take only what is in DIR")
    parser.add_argument("--only", action="append", metavar="LIBRARY", help="verify this library; may be repeated")
    parser.add_argument("--write", action="store_true", help=f"write {TABLE.relative_to(REPOSITORY)}")
    parser.add_argument("--verbose", action="store_true", help="also say what cannot be proved, and why")
    arguments = parser.parse_args()
    if arguments.write and arguments.only:
        parser.error("the table is about all libraries: leave out --only")
    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
