"""What is known of a rule without its code."""

from __future__ import annotations

import msgspec

from fastapi_lint.diagnostic import Severity


class RegistryError(Exception):
    """A plugin that cannot be imported, or two rules with one code or name."""


class RuleInfo(msgspec.Struct, frozen=True):
    """A rule as reports and documentation show it; `fix` is `safe`, `unsafe` or `none`."""

    code: str
    name: str
    severity: Severity
    default: bool
    fix: str
    doc: str

    @property
    def summary(self) -> str:
        """The first line of the documentation."""
        return self.doc.partition("\n")[0]
