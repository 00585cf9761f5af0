"""Everything that a rule may import."""

from __future__ import annotations

from fastapi_lint.context import NodeContext
from fastapi_lint.diagnostic import Applicability, EntryPointLabel, Fix, Hop, Severity
from fastapi_lint.project import BlockingUse, Project, Spot, WrongOffload
from fastapi_lint.project.creations import Creation
from fastapi_lint.project.state import Mutation
from fastapi_lint.repair import Opener
from fastapi_lint.rule import NodeRule, ProjectRule, Report, Rule, on

__all__ = [
    "Applicability",
    "BlockingUse",
    "Creation",
    "EntryPointLabel",
    "Fix",
    "Hop",
    "Mutation",
    "NodeContext",
    "NodeRule",
    "Opener",
    "Project",
    "ProjectRule",
    "Report",
    "Rule",
    "Severity",
    "Spot",
    "WrongOffload",
    "on",
]
