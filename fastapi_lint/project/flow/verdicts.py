"""What do functions always answer that answer yes or no?

`return provider in PROVIDERS and provider != "none"` is no where `PROVIDERS` stays empty. Branches of a function that
nothing ever takes give no answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi_lint.facts import NONE, Bin, Choice, Event, EventKind, Lit, Scope
from fastapi_lint.project.code.kept_answers import KeptAnswers
from fastapi_lint.project.code.regions import within
from fastapi_lint.project.flow.dead_branches import dead_regions, truth

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_TESTS = frozenset({"is", "is not", "equals", "differs", "among", "not among", "not"})


class Verdicts:
    """Answers by function, kept: for whomever asks and whatever is asked of a parameter."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._known: KeptAnswers[bool] = KeptAnswers(inference)

    def of(self, gid: int) -> bool | None:
        """The answer of a function that stands in no class; None if it may be either, or anything else."""
        return self._known.get(gid, lambda: self._find(gid))

    def _find(self, gid: int) -> bool | None:
        scope = self._inference.index.scope(gid)
        ends = [event for event in scope.events if event.kind == EventKind.RETURN]
        if self._inference.index.class_of(gid) != NONE or not all(_is_yes_or_no(scope, one.expr) for one in ends):
            return None
        frame = self._inference.plain_frame(gid)
        dead = dead_regions(self._inference, frame)

        def said(end: Event) -> bool | None:
            node = scope.exprs[end.expr]
            return node.value is True if isinstance(node, Lit) else truth(self._inference, frame, end.expr)

        answers = {said(one) for one in ends if not within(scope, one.region, dead)}
        return answers.pop() if len(answers) == 1 else None


def _is_yes_or_no(scope: Scope, expr: int) -> bool:
    """Whether an expression is nothing else than true or false, whatever its parts are."""
    node = scope.exprs[expr] if expr != NONE else None
    if isinstance(node, Bin) and node.op == "and":
        return _is_yes_or_no(scope, node.left) and _is_yes_or_no(scope, node.right)
    if isinstance(node, Choice):
        return all(_is_yes_or_no(scope, item) for item in node.items)
    return (isinstance(node, Bin) and node.op in _TESTS) or (isinstance(node, Lit) and isinstance(node.value, bool))
