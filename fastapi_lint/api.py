"""Everything that a rule may import."""

from __future__ import annotations

from fastapi_lint.context import NodeContext
from fastapi_lint.diagnostic import Applicability, EntryPointLabel, Fix, Hop, Severity
from fastapi_lint.project import BlockingUse, Project, Spot, WrongOffload
from fastapi_lint.project.flow.conditions import is_conditional
from fastapi_lint.project.resources.creations import Creation
from fastapi_lint.project.resources.leaked_generators import LeakedGenerator
from fastapi_lint.project.resources.local_models import LocalModel
from fastapi_lint.project.resources.shared_resources import Resource, WeakPool
from fastapi_lint.project.shared.caches import CachedFunction
from fastapi_lint.project.shared.mutations import Mutation
from fastapi_lint.project.shared.races import Race
from fastapi_lint.repair import Opener
from fastapi_lint.rule import NodeRule, ProjectRule, Report, Rule, on

__all__ = [
    "Applicability",
    "BlockingUse",
    "CachedFunction",
    "Creation",
    "EntryPointLabel",
    "Fix",
    "Hop",
    "LeakedGenerator",
    "LocalModel",
    "Mutation",
    "NodeContext",
    "NodeRule",
    "Opener",
    "Project",
    "ProjectRule",
    "Race",
    "Report",
    "Resource",
    "Rule",
    "Severity",
    "Spot",
    "WeakPool",
    "WrongOffload",
    "is_conditional",
    "on",
]
