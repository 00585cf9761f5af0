"""Rules with fixes of every kind, good and bad: a plugin for the tests of `--fix`.

Each reports the calls of one name. They look at bare names, which no real rule may.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import ClassVar

import libcst as cst

from fastapi_lint.api import Applicability, NodeContext, NodeRule, Project, ProjectRule, Report, Severity, Spot, on
from fastapi_lint.diagnostic import Edit, Fix, Position
from fastapi_lint.facts import Place
from fastapi_lint.repair import Opener


def code_at(opener: Opener, key: str, place: Place) -> str:
    """The text of a place, which may span lines."""
    opened = opener.open(key)
    assert opened is not None
    text = opened.text
    starts = [0, *(found.end() for found in re.finditer(r"\r\n?|\n", text))]
    return text[starts[place.row - 1] + place.column - 1 : starts[place.end_row - 1] + place.end_column - 1]


def replaced(place: Place, content: str) -> Edit:
    return Edit(content, Position(place.row, place.column), Position(place.end_row, place.end_column))


def inserted(row: int, content: str, filename: str | None = None) -> Edit:
    return Edit(content, Position(row, 1), Position(row, 1), filename)


class Calls(NodeRule):
    """Reports calls of `callee` and replaces them by what `better` makes of the text."""

    severity = Severity.WARNING
    callee: ClassVar[tuple[str, ...]]

    @on(cst.Call)
    def visit(self, node: cst.Call, context: NodeContext) -> None:
        if isinstance(node.func, cst.Name) and node.func.value in self.callee:
            context.report(node, self.message(node))

    def message(self, node: cst.Call) -> str:
        return f"`{cst.ensure_type(node.func, cst.Name).value}` is called"

    def repair(self, report: Report, opener: Opener) -> Fix | None:
        text = code_at(opener, report.spot.path, report.spot.place)
        return Fix(self.fix or Applicability.SAFE, f"Repair {self.name}", self.edits(report.spot, text))

    def edits(self, spot: Spot, text: str) -> tuple[Edit, ...]:
        return (replaced(spot.place, self.better(text)),)

    def better(self, text: str) -> str:
        raise NotImplementedError


class Safe(Calls):
    code, name, callee, fix = "TST101", "safe-one", ("old",), Applicability.SAFE

    def better(self, text: str) -> str:
        return text.replace("old", "new", 1)


class Unsafe(Calls):
    code, name, callee, fix = "TST102", "unsafe-one", ("risky",), Applicability.UNSAFE

    def better(self, text: str) -> str:
        return text.replace("risky", "calm", 1)


class Display(Calls):
    code, name, callee, fix = "TST103", "display-one", ("look",), Applicability.DISPLAY

    def better(self, text: str) -> str:
        return text.replace("look", "seen", 1)


class Importing(Calls):
    """All fixes of a file want the same import."""

    code, name, callee, fix = "TST104", "importing-one", ("needs",), Applicability.SAFE

    def edits(self, spot: Spot, text: str) -> tuple[Edit, ...]:
        return (replaced(spot.place, f"helper.{text}"), inserted(1, "import helper\n"))


class Elsewhere(Calls):
    """Changes `other.py` beside it, too."""

    code, name, callee, fix = "TST105", "multi-file-one", ("moved",), Applicability.SAFE

    def edits(self, spot: Spot, text: str) -> tuple[Edit, ...]:
        other = spot.path.rpartition("/")[0]
        return (replaced(spot.place, "here()"), inserted(1, "x = 1\n", f"{other}/other.py".removeprefix("/")))


class Breaking(Calls):
    code, name, callee, fix = "TST106", "breaking-one", ("fragile",), Applicability.SAFE

    def better(self, text: str) -> str:
        return text.replace("fragile", "broken(", 1)


class Causing(Calls):
    """Its fix calls what the next rule reports."""

    code, name, callee, fix = "TST107", "causing-one", ("bad",), Applicability.SAFE

    def better(self, text: str) -> str:
        return text.replace("bad", "worse", 1)


class Caused(Calls):
    code, name, callee = "TST108", "caused-one", ("worse",)


class Oscillating(Calls):
    code, name, callee, fix = "TST109", "oscillating-one", ("tick", "tock"), Applicability.SAFE

    def better(self, text: str) -> str:
        return text.replace("tick", "TOCK", 1).replace("tock", "tick", 1).replace("TOCK", "tock", 1)


class Growing(Calls):
    """A different diagnostic each time, so that each fix seems to have done something."""

    code, name, callee, fix = "TST110", "growing-one", ("grow",), Applicability.SAFE

    def message(self, node: cst.Call) -> str:
        return f"`grow` is called with {len(node.args)} arguments"

    def better(self, text: str) -> str:
        return text.replace("(", "(1, ", 1)


class Useless(Calls):
    code, name, callee, fix = "TST111", "useless-one", ("noop",), Applicability.SAFE

    def better(self, text: str) -> str:
        return text.replace("(", "( ", 1)


class Careless(Calls):
    code, name, callee, fix = "TST112", "careless-one", ("chatty",), Applicability.SAFE

    def better(self, text: str) -> str:
        return "quiet()"


class Crashing(Calls):
    code, name, callee, fix = "TST113", "crashing-one", ("crash",), Applicability.SAFE

    def better(self, text: str) -> str:
        raise RuntimeError("no idea")


class Nested(Calls):
    """`outer(x)` becomes `x`, which may be one again."""

    code, name, callee, fix = "TST114", "nested-one", ("outer",), Applicability.SAFE

    def better(self, text: str) -> str:
        return text.removeprefix("outer(").removesuffix(")")


class Misplaced(Calls):
    """What it makes is parsed, but not compiled, outside of a coroutine."""

    code, name, callee, fix = "TST115", "misplaced-one", ("wait",), Applicability.SAFE

    def better(self, text: str) -> str:
        return f"await {text.replace('wait', 'ready', 1)}"


class Outside(Calls):
    code, name, callee, fix = "TST116", "outside-one", ("far",), Applicability.SAFE

    def edits(self, spot: Spot, text: str) -> tuple[Edit, ...]:
        return (inserted(10_000, "x"),)


class Foreign(Calls):
    """Inserts what not every encoding can hold."""

    code, name, callee, fix = "TST117", "foreign-one", ("kanji",), Applicability.SAFE

    def better(self, text: str) -> str:
        return "'漢字'"


class Unveiling(ProjectRule):
    """Reports the first call of `x.first` in the project, whatever others there are."""

    code, name, fix = "TST118", "unveiling-one", Applicability.SAFE
    severity = Severity.WARNING

    def check(self, project: Project) -> Iterable[Report]:
        for site in project.index.call_sites("first"):
            scope = project.index.scope(site.gid)
            place = next(event.place for event in scope.events if event.expr == site.expr)
            yield Report(project.spot(site.gid, place), "`x.first` is called")
            return

    def repair(self, report: Report, opener: Opener) -> Fix | None:
        return Fix(Applicability.SAFE, "Repair it", (replaced(report.spot.place, "done()"),))


class Lines(Calls):
    """Inserts a line before, with the line end that Python has."""

    code, name, callee, fix = "TST119", "line-one", ("line",), Applicability.SAFE

    def edits(self, spot: Spot, text: str) -> tuple[Edit, ...]:
        return (inserted(spot.place.row, "before()\n"), replaced(spot.place, "after()"))


class Sweeping(Calls):
    """Repairs the line below, too."""

    code, name, callee, fix = "TST120", "sweeping-one", ("sweep",), Applicability.SAFE

    def edits(self, spot: Spot, text: str) -> tuple[Edit, ...]:
        row = spot.place.row + 1
        return (replaced(spot.place, "swept()"), Edit("new", Position(row, 1), Position(row, 4)))


class Remote(Calls):
    """Each fix makes the next rule report something in another file."""

    code, name, callee, fix = "TST121", "remote-one", ("cause",), Applicability.SAFE

    def better(self, text: str) -> str:
        return "x.caused()"


class Effect(ProjectRule):
    code, name = "TST122", "effect-one"
    severity = Severity.WARNING

    def check(self, project: Project) -> Iterable[Report]:
        for number, _ in enumerate(project.index.call_sites("caused"), 1):
            yield Report(Spot(project.index.modules[0].path, Place(number, 1, number, 2)), "somebody calls `caused`")
