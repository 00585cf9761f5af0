"""Everything that a rule may import.

A name is imported when a rule asks for it: processes that only extract need the rules on tree nodes, and these need
nothing of the project model, whose import takes longer than all others together.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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

_HOMES = {
    "fastapi_lint.context": ("NodeContext",),
    "fastapi_lint.diagnostic": ("Applicability", "EntryPointLabel", "Fix", "Hop", "Severity"),
    "fastapi_lint.project": ("BlockingUse", "Project", "Spot", "WrongOffload"),
    "fastapi_lint.project.flow.conditions": ("is_conditional",),
    "fastapi_lint.project.resources.creations": ("Creation",),
    "fastapi_lint.project.resources.leaked_generators": ("LeakedGenerator",),
    "fastapi_lint.project.resources.local_models": ("LocalModel",),
    "fastapi_lint.project.resources.shared_resources": ("Resource", "WeakPool"),
    "fastapi_lint.project.shared.caches": ("CachedFunction",),
    "fastapi_lint.project.shared.mutations": ("Mutation",),
    "fastapi_lint.project.shared.races": ("Race",),
    "fastapi_lint.repair": ("Opener",),
    "fastapi_lint.rule": ("NodeRule", "ProjectRule", "Report", "Rule", "on"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

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


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(home), name)
