"""Which branches does a frame never take, for what its caller passes and for the kind of a function?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fastapi_lint.facts import NONE, Attr, Bin, Call, Choice, Lit, Seq, Use, Var
from fastapi_lint.project.code.asked import OTHER
from fastapi_lint.project.code.decidable import LITERAL, named_test
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.regions import within
from fastapi_lint.project.code.retries import asks_for_last
from fastapi_lint.project.code.spelling import strings
from fastapi_lint.project.flow.empty_loops import EmptyLoops
from fastapi_lint.project.flow.forks import holds_in_server
from fastapi_lint.project.flow.held import Held
from fastapi_lint.project.flow.reaching import constants_left
from fastapi_lint.project.flow.told import EMPTY_LIST
from fastapi_lint.project.types.argument_constants import NO_RETRY
from fastapi_lint.project.types.constants import Constants, text
from fastapi_lint.project.types.values import (
    ClassV,
    ExternalV,
    ExtInstanceV,
    FunctionV,
    InstanceV,
    LiteralV,
    MethodV,
    PresentV,
)

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_CALLABLES = frozenset({ClassV, FunctionV, MethodV})
_TEXTS = ("builtins.str", "enum.StrEnum")
NO_REGIONS: frozenset[int] = frozenset()
"""The one empty set for most frames: Python makes a new one each time, and there were thousands."""
_ASKS_FOR_COROUTINE_FUNCTION = frozenset({"inspect.iscoroutinefunction", "asyncio.iscoroutinefunction"})


def dead_regions(inference: Inference, frame: Frame) -> frozenset[int]:
    """The regions of a frame's scope that it never takes, without those nested in them. Kept once all is known."""
    if frame.dead is None:
        found = inference.for_now(
            lambda: frozenset(DeadBranches(inference, frame).regions()) or NO_REGIONS, frame.dead_for_now
        )
        if found.gaps:
            frame.dead_for_now = found
            return found.answer
        frame.dead, frame.dead_for_now = found.answer, None
    return frame.dead


def sure_regions(inference: Inference, frame: Frame) -> frozenset[int]:
    """The regions of a frame's scope whose condition is known to hold."""
    if frame.sure is None:
        dead = dead_regions(inference, frame)
        branches = DeadBranches(inference, frame)
        is_asked = bool(inference.decidable.regions(frame.gid))
        frame.sure = (frozenset(branches.sure(dead)) if is_asked else NO_REGIONS) or NO_REGIONS
    return frame.sure


def truth(inference: Inference, frame: Frame, expr: int) -> bool | None:
    """What a condition of a frame is known to be, as far as it is."""
    return DeadBranches(inference, frame).truth(expr, dead_regions(inference, frame))


class DeadBranches:
    """The regions of one frame's scope whose condition is known to fail."""

    def __init__(self, inference: Inference, frame: Frame) -> None:
        self._inference = inference
        self._frame = frame
        scope = self._scope = inference.index.scope(frame.gid)
        dead = self._dead = set[int]()
        self._constants = Constants(inference, frame, lambda region: within(scope, region, dead))
        self._loops = EmptyLoops(inference, frame, lambda region: within(scope, region, dead))
        self._held = Held(inference, frame)
        self._known: dict[int, bool | None] = {}
        self._around = NONE  # the region in which the condition stands that is asked for

    def regions(self) -> set[int]:
        """Their numbers, without the regions nested in them."""
        found, decidable = self._dead, self._inference.decidable
        found.update(decidable.fallbacks(self._frame.gid))
        numbers = decidable.regions(self._frame.gid)
        plain = self._dead_in_plain_frame() if numbers and self._held.is_empty and not self._frame.told else None
        has_empty = any(one.by == EMPTY_LIST for one in self._frame.told)
        loops = decidable.loops(self._frame.gid) if self._frame.bound or has_empty else frozenset()
        for number in sorted((*numbers, *loops)) if loops else numbers:
            region = self._scope.regions[number]
            if number in loops:
                if (has_empty or self._frame.depends(region.expr)) and self._loops.is_empty(region.expr):
                    found.add(number)
                    self._known.clear()
                    plain = None
                continue
            if plain is not None and not self._frame.depends(region.expr):
                is_dead = number in plain
            else:
                self._around = region.parent
                truth = self._truth(region.expr)
                is_dead = truth is not None and truth is (region.kind == "else")
            if is_dead:
                found.add(number)
                self._known.clear()  # what is assigned there decides nothing any more
            if plain is not None and is_dead is not (number in plain):
                plain = None  # what is assigned in a dead branch may decide later ones
        found.update(self._inference.attempts.unreached(self._frame))
        return found

    def sure(self, dead: frozenset[int]) -> Iterator[int]:
        """The numbers of those that are always taken, once it is known which are `dead`."""
        self._dead.update(dead)
        plain = self._sure_in_plain_frame(dead)
        for number in self._inference.decidable.regions(self._frame.gid):
            region = self._scope.regions[number]
            if plain is not None and not self._frame.depends(region.expr):
                is_sure = number in plain
            else:
                self._around = region.parent
                truth = self._truth(region.expr)
                is_sure = truth is not None and truth is (region.kind == "if")
            if is_sure:
                yield number

    def truth(self, expr: int, dead: frozenset[int]) -> bool | None:
        """What a condition is, once it is known which regions are `dead`."""
        self._dead.update(dead)
        return self._truth(expr)

    def _dead_in_plain_frame(self) -> frozenset[int] | None:
        return dead_regions(self._inference, self._frame.plain) if self._frame.plain is not None else None

    def _sure_in_plain_frame(self, dead: frozenset[int]) -> frozenset[int] | None:
        """None where that says nothing of this frame: as `regions` has it."""
        plain = self._frame.plain
        if plain is None or not self._held.is_empty or self._frame.told or dead_regions(self._inference, plain) != dead:
            return None
        return sure_regions(self._inference, plain)

    def _truth(self, expr: int) -> bool | None:
        """Both branches of an `if` ask for its condition, and so do those that it makes sure of."""
        if expr not in self._known:
            self._known[expr] = self._decided(expr)
        return self._known[expr]

    def _decided(self, expr: int) -> bool | None:
        held = self._held.truth(expr)
        if held is None:
            held = self._inference.tellings.truth(self._frame, expr)
        if held is not None:
            return held
        node = self._scope.exprs[named_test(self._scope, expr)]
        forked = holds_in_server(self._inference, self._frame, named_test(self._scope, expr))
        if forked is not None:
            return forked
        if type(node) is Bin:
            return self._operation(node)
        if type(node) is Choice and node.test == NONE:
            parts = [self._truth(item) for item in node.items]
            if True in parts:
                return True
            return False if all(part is False for part in parts) else None
        if type(node) is Call:
            known = self._prefix(node)
            known = self._is_coroutine_function(node) if known is None else known
            known = True if known is None and self._inference.own_attributes.is_there(self._frame, node) else known
            if known is not None:
                return known
        if self._constants.is_empty_container(expr):
            return False
        if type(node) is Var:
            return self._captured(node)
        literal = self._literal(expr)
        if literal is not None:
            return bool(literal.value)  # a string counts as not empty: nobody passes ""
        return True if self._is_object(expr) else self._left(expr)

    def _left(self, expr: int) -> bool | None:
        """What a name is of which the branches around exclude the other values: `if mode == "dry": mode = False`."""
        node = self._scope.exprs[expr]
        if self._around in (NONE, 0) or not isinstance(node, Use) or len(node.defs) < 2:
            return None
        made = [one for n in node.defs if not within(self._scope, (one := self._scope.defs[n]).region, self._dead)]
        given = [known for one in made if isinstance(known := self._constants.of(one.value), LiteralV)]
        if len(given) < len(made) or self._inference.decidable.level(self._frame.gid, expr) != LITERAL:
            return None
        left = {bool(one.value) for one in constants_left(self._inference, self._frame, given, node, self._around)}
        return left.pop() if len(left) == 1 else None

    def _captured(self, node: Var) -> bool | None:
        """What a name is that a function around this one binds once."""
        index = self._inference.index
        owner = index.local(self._frame.gid, node.scope)
        scope = index.scope(owner)
        numbers = scope.names.get(node.name, ())
        if scope.kind != "function" or len(numbers) != 1 or (owner, node.name) in index.rebinds:
            return None
        around = DeadBranches(self._inference, index.around(owner, self._frame))
        return around.truth(scope.defs[numbers[0]].value, frozenset())

    def _is_object(self, expr: int) -> bool:
        """Whether a value is surely there, and nothing that could be empty."""
        kinds = [kind for kind in self._inference.type(self._frame, expr) if type(kind) is not PresentV]
        is_object = bool(kinds) and all(
            type(kind) in _CALLABLES
            or (type(kind) is InstanceV and self._inference.classes.is_always_true(kind.gid))
            or (type(kind) is ExtInstanceV and self._inference.libraries.is_plain_object(kind.name))
            for kind in kinds
        )
        return is_object and isinstance(self._constants.of(expr), PresentV)

    def _operation(self, node: Bin) -> bool | None:
        if node.op == "not":
            inner = self._truth(node.left)
            return None if inner is None else not inner
        if node.op == "and":
            parts = [self._truth(node.left), self._truth(node.right)]
            if False in parts:
                return False
            return True if all(part is True for part in parts) else None
        last = asks_for_last(self._scope, node)
        if last is not None:
            number, holds = last
            return holds if self._inference.binding.given(self._frame, number) == NO_RETRY else None
        if node.op in ("equals", "differs", "among", "not among"):
            return self._comparison(node)
        return self._is_same(node) if node.op in ("is", "is not") else None

    def _comparison(self, node: Bin) -> bool | None:
        if node.op in ("among", "not among") and self._constants.is_empty_container(node.right):
            return node.op == "not among"
        left = self._literal(node.left)
        if left is None or isinstance(left.value, bool):
            return None
        right = self._scope.exprs[node.right]
        if node.op in ("among", "not among"):
            held = self._constants.holds_keyword(node.right, text(left))
            if held is not None:
                return held is (node.op == "among")
            if not isinstance(right, Seq):
                return None
            found = [self._literal(item) for item in right.items]
        else:
            found = [self._literal(node.right)]
        if left.value is None:
            return None if None in found else (left in found) is (node.op in ("equals", "among"))
        if any(one is not None and one.of != left.of for one in found):
            if OTHER in (left, *found):
                return None
            left, *found = (self._as_text(one) for one in (left, *found))
        if left is None or any(one is None or one.of != left.of for one in found):
            return None
        return (left in found) is (node.op in ("equals", "among"))

    def _as_text(self, literal: LiteralV | None) -> LiteralV | None:
        """A member of an enumeration of strings as the string that it is; None if its string is not known."""
        if literal is None or literal.of == NONE:
            return literal
        if not any(self._inference.classes.derives_from(literal.of, name) for name in _TEXTS):
            return None
        return self._constants.member_text(literal)

    def _is_same(self, node: Bin) -> bool | None:
        """`x is None`, `flag is False`, `mode is Mode.FAST`."""
        left = self._constants.of(node.left)
        right = self._scope.exprs[node.right]
        if isinstance(right, Lit) and (right.value is None or isinstance(right.value, bool)):
            if not isinstance(left, LiteralV) and right.value is not None:
                return None
            return None if left is None else (left == LiteralV(right.value)) is (node.op == "is")
        if not isinstance(left, LiteralV) or left.of == NONE:
            return None
        member = self._literal(node.right)
        return None if member is None or member.of != left.of else (left == member) is (node.op == "is")

    def _prefix(self, node: Call) -> bool | None:
        """`name.startswith("x")` for a constant name, or for one of which the beginning is known."""
        func = self._scope.exprs[node.func]
        if not isinstance(func, Attr) or func.name not in ("startswith", "endswith") or len(node.args) != 1:
            return None
        literal = self._literal(func.base)
        wanted = tuple(strings(self._scope, node.args[0]))
        known = self._constants.of(func.base)
        found: bool | None = None
        if isinstance(known, PresentV) and known.prefix and func.name == "startswith" and wanted:
            if not known.prefix.startswith(wanted) and any(one.startswith(known.prefix) for one in wanted):
                return None
            found = known.prefix.startswith(wanted)
        elif literal is not None and isinstance(literal.value, str) and literal.of == NONE and wanted:
            found = literal.value.startswith(wanted) if func.name == "startswith" else literal.value.endswith(wanted)
        asked = self._scope.exprs[node.args[0]]
        is_all = not isinstance(asked, Seq) or len(asked.items) == len(wanted)
        return found if found or is_all else None  # what else it may begin with is not known

    def _literal(self, expr: int) -> LiteralV | None:
        if self._inference.decidable.level(self._frame.gid, expr) != LITERAL:
            return None
        known = self._constants.of(expr)
        return known if type(known) is LiteralV else None

    def _is_coroutine_function(self, node: Call) -> bool | None:
        if len(node.args) != 1:
            return None
        asked = self._inference.type(self._frame, node.func)
        if not any(isinstance(value, ExternalV) and value.name in _ASKS_FOR_COROUTINE_FUNCTION for value in asked):
            return None
        kinds = set()
        for value in self._inference.type(self._frame, node.args[0]):
            function = value.function if isinstance(value, MethodV) else value
            if not isinstance(function, FunctionV):
                return None
            kinds.add(self._inference.index.scope(function.gid).is_async)
        return kinds.pop() if len(kinds) == 1 else None
