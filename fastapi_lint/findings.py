"""What an analysis finds in the whole project, before anybody asks which files are to be reported on: plain data.

It does not depend on the paths of a run, on how it was started, or on what the report looks like, so that the command
line, flake8 and pre-commit share it.
"""

from __future__ import annotations

import msgspec

from fastapi_lint.diagnostic import EntryPointLabel, Hop, Severity
from fastapi_lint.facts import Place
from fastapi_lint.rule_info import RuleInfo
from fastapi_lint.suppress import Suppressions

UNREADABLE = "FAL001"


class Finding(msgspec.Struct, frozen=True, array_like=True):
    """One occurrence; `path` and the file names of the chain are relative to the project root.

    `stage` is where the code runs if it serves no request: `startup`, `tests`, ...
    """

    code: str
    path: str
    place: Place
    message: str
    severity: Severity | None = None
    chain: tuple[Hop, ...] = ()
    entry_points: tuple[EntryPointLabel, ...] = ()
    stage: str = ""


class Analysis(msgspec.Struct, frozen=True, array_like=True):
    """The findings, the rules that exist (without their documentation), and the suppression comments by file.

    `unreadable` are the files that have no text, `unjudged` those that no rule had a try at: what is not found there
    may be there.
    """

    rules: tuple[RuleInfo, ...]
    findings: tuple[Finding, ...]
    suppressions: dict[str, Suppressions]
    unreadable: tuple[str, ...] = ()
    unjudged: tuple[str, ...] = ()
