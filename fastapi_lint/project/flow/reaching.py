"""Which values of a local name reach a place, for what the branches around the place say?

`vector = None`, `if kind != "image": vector = embed(text)`, and `if kind in ("text", "all"): find(vector)`: there it is
no longer None. Branches are asked only for what stays as it is between the two of them: local names as one assignment
made them, and the value of a member of an enumeration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi_lint.facts import NONE, Attr, Call, Use
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.logic import implied, truth
from fastapi_lint.project.code.questions import Question, answer, literal, question
from fastapi_lint.project.code.regions import around, branches
from fastapi_lint.project.code.spelling import same
from fastapi_lint.project.types.constants import Constants
from fastapi_lint.project.types.values import ExternalV, ExtInstanceV, InstanceV, LiteralV, Value

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_PLAIN = frozenset({"builtins.bool", "builtins.str", "builtins.int", "builtins.float"})
_SUPPRESS = ExternalV("contextlib.suppress")
_OF_MEMBERS = ("value", "name")


class Reaching:
    """Answers for one place of a frame: a region of its scope."""

    def __init__(self, inference: Inference, frame: Frame, region: int) -> None:
        self._inference = inference
        self._frame = frame
        self._scope = frame.scope
        self._constants = Constants(inference, frame)
        self._here = frozenset(around(frame.scope, region))
        self._known = [
            (asked, holds)
            for branch in branches(frame.scope, region)
            for part, holds in implied(frame.scope, branch.expr, branch.kind == "if")
            if (asked := self._question(part)) is not None
        ]

    def values(self, name: Use) -> list[int]:
        """What the definitions give a name that reach the place; those that are overridden on the way do not."""
        made = self._scope.defs
        if not self._known or any((self._frame.gid, made[n].name) in self._inference.index.rebinds for n in name.defs):
            return [made[number].value for number in name.defs]
        taken = {number: self._is_taken(made[number].region) for number in name.defs}
        sure = max((number for number, is_sure in taken.items() if is_sure), default=NONE)
        return [made[number].value for number in name.defs if number >= sure and taken[number] is not False]

    def _is_taken(self, region: int) -> bool | None:
        """Whether control was in a region that the place does not stand in, so that it has passed all of it."""
        found: bool | None = True
        for number in around(self._scope, region):
            if number in self._here:
                continue
            kind, test = self._scope.regions[number].kind, self._scope.regions[number].expr
            if kind in ("with", "async-with") and not self._may_leave(test):
                continue
            if kind not in ("if", "else") or test == NONE:
                return None  # in a loop a test may have been another one's
            holds = truth(self._scope, test, self._simple)
            if holds is None:
                found = None
            elif holds is (kind == "else"):
                return False
        return found

    def _may_leave(self, expr: int) -> bool:
        """Whether a `with` statement is there to go on behind it when its block fails."""
        made = self._scope.exprs[expr] if expr != NONE else None
        return isinstance(made, Call) and _SUPPRESS in self._inference.type(self._frame, made.func)

    def _simple(self, test: int) -> bool | None:
        asked = self._question(test)
        if asked is None:
            return None
        of = [(one, holds) for one, holds in self._known if same(self._scope, one.of, asked.of)]
        return next((told for one, holds in of if (told := answer(one, holds, asked)) is not None), None)

    def _question(self, test: int) -> Question | None:
        asked = question(self._scope, test, self._constant)
        return asked if asked is not None and self._is_fixed(asked) else None

    def _is_fixed(self, asked: Question) -> bool:
        """Whether the answer cannot change: nobody empties a flag or a text, as he may a list."""
        node = self._scope.exprs[asked.of]
        if isinstance(node, Attr) and node.name in _OF_MEMBERS:
            kinds = [one for one in self._inference.type(self._frame, node.base) if not _is_plain(one)]  # have no value
            return isinstance(self._scope.exprs[node.base], Use) and bool(kinds) and all(map(self._is_member, kinds))
        if not isinstance(node, Use) or self._is_rebound(node):
            return False
        if asked.values:
            return True
        known = self._inference.type(self._frame, asked.of)
        return bool(known) and all(map(_is_plain, known))

    def _is_member(self, value: Value) -> bool:
        gid = value.of if isinstance(value, LiteralV) else value.gid if isinstance(value, InstanceV) else NONE
        return gid != NONE and self._constants.is_enum(gid)

    def _is_rebound(self, name: Use) -> bool:
        rebinds = self._inference.index.rebinds
        return any((self._frame.gid, self._scope.defs[number].name) in rebinds for number in name.defs)

    def _constant(self, expr: int) -> LiteralV | None:
        known = self._constants.of(expr)
        return known if isinstance(known, LiteralV) else None


def constants_left(inference: Inference, frame: Frame, given: list[LiteralV], name: Use, region: int) -> list[LiteralV]:
    """The constants that a name may be in a region, of those that it is given: the branches around exclude others."""
    scope = frame.scope
    if any((frame.gid, scope.defs[number].name) in inference.index.rebinds for number in name.defs):
        return given
    for branch in branches(scope, region):
        for part, holds in implied(scope, branch.expr, branch.kind == "if"):
            asked = question(scope, part, lambda expr: literal(scope, expr))
            if asked is not None and scope.exprs[asked.of] == name:
                known = ((one, Question(asked.of, frozenset([one]), True)) for one in given)
                given = [one for one, is_one in known if answer(is_one, True, asked) in (None, holds)]
    return given


def _is_plain(value: Value) -> bool:
    if isinstance(value, LiteralV):
        return value.of == NONE
    return isinstance(value, ExtInstanceV) and value.name in _PLAIN
