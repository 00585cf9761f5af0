"""Which object does an attribute not hold, because the flag that chose it is known where a call stands?

`if self.config.split: self.worker = Remote()`, `else: self.worker = Local()` stands in one method, and another calls
`self.worker.run()` in its own branch for `self.config.split`, itself or in a function inside it. A flag is known for
good: only constructors store it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from fastapi_lint.facts import NONE, Attr, Call, Expr, Scope
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.index import Site
from fastapi_lint.project.code.logic import implied
from fastapi_lint.project.code.questions import answer, literal, question
from fastapi_lint.project.code.regions import branches
from fastapi_lint.project.flow.caller_tests import Fact, Path
from fastapi_lint.project.flow.told import Told
from fastapi_lint.project.types.values import FunctionV, InstanceV, PresentV, PropertyV, WrappedV

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_CONSTRUCTORS = frozenset({"__init__", "__post_init__"})
_Choice = tuple[Site, tuple[Fact, ...]]


class Chosen:
    """Answers by class and attribute, kept. What a caller knows of the receiver is told under the number NONE."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._index = inference.index
        self._choices: dict[tuple[int, str], tuple[_Choice, ...]] = {}
        self._wanted: dict[tuple[int, int], frozenset[Path]] = {}

    def at_call(self, frame: Frame, number: int, callee: Frame) -> tuple[Told, ...]:
        """The flags that are known at a call and have chosen what the function called, of the same object, asks."""
        if not isinstance(frame.receiver, InstanceV) or not self._is_of_receiver(frame, number, callee):
            return ()
        region = frame.scope.events[number].region
        if not frame.told and next(branches(frame.scope, region), None) is None:
            return ()
        wanted = self._wanted_by(callee.gid, frame.receiver)
        known = (fact for fact in self._known(frame, region) if fact[0] in wanted) if wanted else ()
        return tuple(Told(NONE, path, (), asked, holds) for path, asked, holds in known)

    def exclude(self, frame: Frame, number: int, expr: int, callee: Frame) -> bool:
        """Whether an event, the call `expr` or what iterates it, does not run the method for what is known there."""
        held = self._held(frame.gid, frame.scope, frame.scope.exprs[expr])
        owner, made = frame.receiver, callee.receiver
        if not held or not isinstance(owner, InstanceV) or not isinstance(made, InstanceV):
            return False
        known = list(self._known(frame, frame.scope.events[number].region))
        choices = self._choices_of(owner, held) if known else ()
        its = [facts for site, facts in choices if self._may_store(owner, site, made)]
        return bool(its) and all(any(_contradict(one, other) for one in known for other in facts) for facts in its)

    def _is_of_receiver(self, frame: Frame, number: int, callee: Frame) -> bool:
        """Whether what is called stands in the method itself, or is a method of the same object."""
        if self._index.parent(callee.gid) == frame.gid:
            return True
        node = frame.scope.exprs[frame.scope.events[number].expr]
        func = frame.scope.exprs[node.func] if isinstance(node, Call) else None
        return isinstance(func, Attr) and self._index.is_receiver(frame.gid, func.base)

    def _held(self, gid: int, scope: Scope, node: Expr) -> str:
        """The attribute of the receiver whose method is called: `self.worker.run()`."""
        func = scope.exprs[node.func] if type(node) is Call else None
        held = scope.exprs[func.base] if type(func) is Attr else None
        return held.name if type(held) is Attr and self._index.is_receiver(gid, held.base) else ""

    def _wanted_by(self, gid: int, owner: InstanceV) -> frozenset[Path]:
        key = (gid, owner.gid)
        known = self._wanted.get(key)
        if known is None:
            found, is_settled = self._inference.apart(lambda: self._find_wanted(gid, owner))
            if is_settled:
                self._wanted[key] = found
            return found
        return known

    def _find_wanted(self, gid: int, owner: InstanceV) -> frozenset[Path]:
        scope = self._index.scope(gid)
        names = {self._held(gid, scope, node) for node in scope.exprs} - {""}
        facts = (fact for name in names for _, found in self._choices_of(owner, name) for fact in found)
        return frozenset(path for path, _, _ in facts)

    def _choices_of(self, owner: InstanceV, name: str) -> tuple[_Choice, ...]:
        """The statements that store an attribute, with the flags that they stand under; none if others may, too."""
        key = (owner.gid, name)
        known = self._choices.get(key)
        if known is None:
            found, is_settled = self._inference.apart(lambda: self._find(InstanceV(owner.gid), name))
            if is_settled:
                self._choices[key] = found
            return found
        return known

    def _find(self, owner: InstanceV, name: str) -> tuple[_Choice, ...]:
        classes = self._inference.classes
        found = []
        for site in classes.stored(owner.gid, name):
            frame = self._inference.plain_frame(site.gid)
            found.append((site, tuple(self._asked(frame, owner, classes.region_of(site)))))
        if not any(facts for _, facts in found) or classes.stored_outside(owner, name):
            return ()
        has_default = any(isinstance(value, InstanceV) for value in classes.member(owner.gid, name)[0])
        return () if has_default else tuple(found)

    def _known(self, frame: Frame, region: int) -> Iterator[Fact]:
        yield from self._asked(frame, frame.receiver, region) if isinstance(frame.receiver, InstanceV) else ()
        yield from ((told.path, told.asked, told.holds) for told in frame.told if told.number == NONE)

    def _asked(self, frame: Frame, owner: InstanceV, region: int) -> Iterator[Fact]:
        """What the branches around say of flags of the receiver."""
        scope = frame.scope
        for branch in branches(scope, region):
            for part, holds in implied(scope, branch.expr, branch.kind == "if"):
                asked = question(scope, part, lambda expr: literal(scope, expr))
                path = self._path(frame, owner, asked.of) if asked is not None else ()
                if asked is not None and path:
                    yield path, msgspec.structs.replace(asked, of=NONE), holds

    def _path(self, frame: Frame, owner: InstanceV, expr: int) -> Path:
        """The attributes that lead from the receiver to a flag; empty where something else may be stored in one."""
        node = frame.scope.exprs[expr]
        if not isinstance(node, Attr):
            return ()
        if self._index.is_receiver(frame.gid, node.base):
            return (node.name,) if self._is_for_good(owner.gid, node.name) else ()
        before = self._path(frame, owner, node.base)
        found = self._inference.type(frame, node.base) if before else ()
        kinds = [kind for kind in found if not isinstance(kind, PresentV)]
        is_same = bool(kinds) and all(isinstance(k, InstanceV) and self._is_for_good(k.gid, node.name) for k in kinds)
        return (*before, node.name) if is_same else ()

    def _is_for_good(self, owner: int, name: str) -> bool:
        classes = self._inference.classes
        makers = (self._index.scope(site.gid).name for site in classes.stored(owner, name))
        members = classes.member(owner, name)[0]
        is_plain = not any(isinstance(value, (FunctionV, PropertyV, WrappedV)) for value in members)
        return is_plain and _CONSTRUCTORS.issuperset(makers) and not classes.stored_outside(InstanceV(owner), name)

    def _may_store(self, owner: InstanceV, site: Site, made: InstanceV) -> bool:
        kinds = self._inference.type(self._inference.classes.frame_of(site.gid, owner), site.expr)
        return any(isinstance(kind, InstanceV) and kind.gid == made.gid for kind in kinds)


def _contradict(known: Fact, other: Fact) -> bool:
    """Whether what is known of a flag says that another test of it came out the other way."""
    found = answer(known[1], known[2], other[1]) if known[0] == other[0] else None
    return found is not None and found is not other[2]
