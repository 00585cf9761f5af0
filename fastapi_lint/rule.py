"""What a rule is: its declaration, and the two ways of looking at code.

A rule keeps no state and tracks no scopes. `NodeRule` looks at tree nodes while their file is walked; `ProjectRule`
asks the linked project. Both yield plain reports; the engine turns them into diagnostics.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import msgspec

from fastapi_lint.diagnostic import Applicability, EntryPointLabel, Fix, Hop, Severity

if TYPE_CHECKING:
    import libcst as cst

    from fastapi_lint.context import NodeContext
    from fastapi_lint.project import BlockingUse, Project, Spot, WrongOffload
    from fastapi_lint.project.resources.creations import Creation
    from fastapi_lint.project.resources.leaked_generators import LeakedGenerator
    from fastapi_lint.project.resources.shared_resources import Resource
    from fastapi_lint.project.shared.caches import CachedFunction
    from fastapi_lint.repair import Opener

Method = TypeVar("Method", bound=Callable[..., None])
_NODE_TYPES = "__node_types__"


class Report(msgspec.Struct, frozen=True):
    """One occurrence as a rule sees it; `severity` overrides the rule's own, `about` is what a fix starts from.

    `stage` is where the code runs if it is not for requests: `startup`, `workers` or `scripts`.
    """

    spot: Spot
    message: str
    chain: tuple[Hop, ...] = ()
    entry_points: tuple[EntryPointLabel, ...] = ()
    severity: Severity | None = None
    stage: str = ""
    about: BlockingUse | WrongOffload | Creation | CachedFunction | LeakedGenerator | Resource | None = None


class Rule:
    """The declaration. The docstring of the rule's module is its documentation, and its examples are tests."""

    code: ClassVar[str]
    name: ClassVar[str]
    severity: ClassVar[Severity]
    default: ClassVar[bool] = True
    fix: ClassVar[Applicability | None] = None

    def repair(self, report: Report, opener: Opener) -> Fix | None:  # noqa: ARG002 - most rules have no fix
        """What would repair the occurrence; asked for on request only."""
        return None

    @classmethod
    def documentation(cls) -> str:
        """The docstring of the module that defines the rule."""
        return inspect.cleandoc(sys.modules[cls.__module__].__doc__ or "")


class ProjectRule(Rule):
    """A rule about code in its context."""

    def check(self, project: Project) -> Iterable[Report]:
        """Every occurrence in the project."""
        raise NotImplementedError


class NodeRule(Rule):
    """A rule about the shape of the code: methods marked with `@on(cst.Call)` are called for each such node."""

    def handlers(self) -> Iterator[tuple[type, Callable[[Any, NodeContext], None]]]:
        """The marked methods by node type."""
        methods: list[tuple[str, Any]] = inspect.getmembers(self, callable)
        for _, method in methods:
            for kind in getattr(method, _NODE_TYPES, ()):
                yield kind, method


def on(*kinds: type[cst.CSTNode]) -> Callable[[Method], Method]:
    """Marks a method of a NodeRule as the handler of these node types."""

    def mark(method: Method) -> Method:
        setattr(method, _NODE_TYPES, kinds)
        return method

    return mark
