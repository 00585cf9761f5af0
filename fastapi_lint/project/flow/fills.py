"""What does a method leave filled in its object, whichever way it returns?

`if self._document is None: self._document = load()` leaves `_document` filled, and so does all that always calls it. A
cached property that was read is filled, too. What nothing empties again stays so: whoever reads it next finds it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fastapi_lint.facts import (
    NONE,
    Attr,
    Bin,
    Call,
    Choice,
    Declared,
    Event,
    EventKind,
    Free,
    Narrow,
    Opaque,
    Param,
    Phi,
    Scope,
    Use,
)
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.regions import around, within
from fastapi_lint.project.code.spelling import is_empty, is_receiver
from fastapi_lint.project.flow.dead_branches import dead_regions
from fastapi_lint.project.flow.held import known_filled
from fastapi_lint.project.types.values import InstanceV, MethodV, PresentV, PropertyV, Value

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_DEEPEST = 6
_PASSED = ("with", "async-with", "after")
NOTHING: frozenset[str] = frozenset()


class Fills:
    """Answers by frame, kept."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._index = inference.index
        self._known: dict[Frame, frozenset[str]] = {}
        self._asked: dict[int, frozenset[str]] = {}
        self._constructed: dict[int, frozenset[str]] = {}
        self._depth = 0

    def asked(self, owner: int) -> frozenset[str]:
        """The attributes of a class that are filled lazily and never emptied: cached properties, and what is asked."""
        known = self._asked.get(owner)
        if known is None:
            names: set[str] = set()
            classes = self._inference.classes
            for entry in classes.mro(owner):
                if isinstance(entry, int):
                    names |= {n for n in self._inference.asked.attributes_asked(entry) if classes.stored(owner, n)}
                    names.update(self._cached_properties(entry))
            known = self._asked[owner] = frozenset(names - self._index.emptied_attributes())
        return known

    def constructed(self, owner: int) -> frozenset[str]:
        """What every instance of a class has from its constructor, of all that is asked."""
        known = self._constructed.get(owner)
        if known is None:
            self._constructed[owner] = NOTHING
            init = self._inference.classes.find_method(owner, "__init__") if self.asked(owner) else None
            if init is not None:
                known = self.of(self._index.frame(init.gid, InstanceV(owner)))
            self._constructed[owner] = known = known or NOTHING
        return known

    def of(self, frame: Frame) -> frozenset[str]:
        """What a method leaves filled in its receiver, of all that is asked."""
        owner = frame.receiver
        if not isinstance(owner, InstanceV) or not self.asked(owner.gid) or self._depth > _DEEPEST:
            return NOTHING
        known = self._known.get(frame)
        if known is None:
            self._known[frame] = NOTHING  # a method that calls itself
            self._depth += 1
            found, is_settled = self._inference.apart(lambda: frozenset(self._always(frame, self.asked(owner.gid))))
            self._depth -= 1
            if self._depth or not is_settled:
                del self._known[frame]
            else:
                self._known[frame] = found
            return found
        return known

    def reads(self, frame: Frame, event: Event) -> frozenset[str]:
        """What an event leaves filled in the object whose method it calls, or whose property it reads."""
        scope = frame.scope
        node = scope.exprs[event.expr]
        if event.kind == EventKind.ATTR and isinstance(node, Attr):
            owners = (value for value in self._inference.type(frame, node.base) if not isinstance(value, PresentV))
            return self._common([self._read(value, node.name) for value in owners])
        if event.kind == EventKind.CALL and isinstance(node, Call):
            called = self._inference.type(frame, node.func)
            return self._common([self._called(frame, node, value, event.flag) for value in called])
        return NOTHING

    def runs(self, frame: Frame, expr: int) -> frozenset[str]:
        """What a method that is handed over leaves filled in its object when it has run: `to_thread(tokens.load)`."""
        return self._common([self._run(value) for value in self._inference.type(frame, expr)])

    def _run(self, value: Value) -> frozenset[str]:
        if not isinstance(value, MethodV) or not isinstance(value.receiver, InstanceV):
            return NOTHING
        scope = self._index.scope(value.function.gid)
        if scope.is_async or scope.is_generator or scope.is_stub or not self.asked(value.receiver.gid):
            return NOTHING
        return self.of(self._inference.binding.frame_of(value))

    def says(self, frame: Frame, node: Call, is_true: bool) -> frozenset[str]:
        """What is filled in an object where its method gives true, or where it does not: `tokens.loaded()`."""
        if node.args or node.keywords:
            return NOTHING
        return self._common([self._said(value, is_true) for value in self._inference.type(frame, node.func)])

    def _said(self, value: Value, is_true: bool) -> frozenset[str]:
        if not isinstance(value, MethodV) or not isinstance(value.receiver, InstanceV):
            return NOTHING
        scope, returned = self._index.scope(value.function.gid), self._inference.names.returns(value.function.gid)
        if scope.is_async or scope.is_generator or scope.decorators or scope.falls_through or len(returned) != 1:
            return NOTHING
        return frozenset(known_filled(scope, returned[0], is_true)) & self.asked(value.receiver.gid)

    def _read(self, owner: Value, name: str) -> frozenset[str]:
        if not isinstance(owner, InstanceV):
            return NOTHING
        for member in self._inference.classes.member(owner.gid, name)[0]:
            if isinstance(member, PropertyV):
                filled = self.of(self._index.frame(member.function.gid, owner, member.function.bound))
                return filled | ({name} & self.asked(owner.gid))
        return NOTHING

    def _called(self, frame: Frame, node: Call, value: Value, awaited: bool) -> frozenset[str]:
        if not isinstance(value, MethodV) or not isinstance(value.receiver, InstanceV):
            return NOTHING
        scope = self._index.scope(value.function.gid)
        if not self.asked(value.receiver.gid) or scope.is_generator or scope.is_stub or scope.is_async is not awaited:
            return NOTHING
        return self.of(self._inference.binding.frame_for(value, frame, node))

    def _always(self, frame: Frame, asked: frozenset[str]) -> Iterator[str]:
        scope = frame.scope
        dead = dead_regions(self._inference, frame)
        events = [(n, e) for n, e in enumerate(scope.events) if not within(scope, e.region, dead)]
        filling: dict[str, list[tuple[int, int]]] = {}
        for number, event in events:
            for name in self._filled_by(frame, event, asked):
                filling.setdefault(name, []).append((number, event.region))
        exits = [(number, event.region) for number, event in events if event.kind == EventKind.RETURN]
        if scope.falls_through:
            exits.append((len(scope.events), 0))
        for name, made in filling.items():
            if exits and all(self._is_filled_at(frame, name, made, *end) for end in exits):
                yield name

    def _filled_by(self, frame: Frame, event: Event, asked: frozenset[str]) -> frozenset[str]:
        scope = frame.scope
        if event.kind == EventKind.STORE_ATTR:
            is_own = event.name in asked and scope.name != "__init__" and is_receiver(scope, event.expr)
            return frozenset({event.name}) if is_own and _is_something(scope, event.value, 0) else NOTHING
        node = scope.exprs[event.expr] if event.kind in (EventKind.ATTR, EventKind.CALL) else None
        of = scope.exprs[node.func] if type(node) is Call else node
        if type(of) is Attr and (is_receiver(scope, of.base) or type(scope.exprs[of.base]) is Call):
            return self.reads(frame, event) if self._is_own(frame, of.base) else NOTHING
        return NOTHING

    def _is_own(self, frame: Frame, base: int) -> bool:
        """Whether an expression is the receiver, or `super()`."""
        if is_receiver(frame.scope, base):
            return True
        node = frame.scope.exprs[base]
        return isinstance(node, Call) and frame.scope.exprs[node.func] == Free("super")

    def _is_filled_at(self, frame: Frame, name: str, made: list[tuple[int, int]], end: int, region: int) -> bool:
        inside = set(around(frame.scope, region))
        if any(self._tells(frame, number, name, taken=True) for number in inside):
            return True
        return any(
            number < end
            and all(
                other in inside or self._passes(frame.scope, other) or self._tells(frame, other, name, taken=False)
                for other in around(frame.scope, where)
            )
            for number, where in made
        )

    def _passes(self, scope: Scope, region: int) -> bool:
        found = scope.regions[region]
        if found.kind == "try":
            return not any(other.kind == "except" and other.parent == region for other in scope.regions)
        return found.kind in _PASSED or (found.kind == "else" and bool(found.behind))

    def _tells(self, frame: Frame, number: int, name: str, taken: bool) -> bool:
        """Whether an attribute is filled wherever a region is taken, or wherever it is not."""
        region = frame.scope.regions[number]
        if region.kind not in ("if", "else", "after") or region.expr == NONE:
            return False
        return name in known_filled(frame.scope, region.expr, (region.kind == "if") is taken)

    def _cached_properties(self, owner: int) -> Iterator[str]:
        module = self._index.module(owner)
        for number, scope in enumerate(module.facts.scopes):
            gid = module.base + number
            if scope.kind == "function" and scope.decorators and self._index.parent(gid) == owner:
                if self._inference.decorators.is_cached_property(gid):
                    yield scope.name

    def _common(self, found: list[frozenset[str]]) -> frozenset[str]:
        return frozenset.intersection(*found) if found else NOTHING


def _is_something(scope: Scope, value: int, hops: int) -> bool:
    """Whether what a function stores is what it has got for it: no argument, which may be None, and no flag."""
    node = scope.exprs[value] if value != NONE and hops <= _DEEPEST else None
    if isinstance(node, (Use, Phi)):
        return all(_is_something(scope, scope.defs[number].value, hops + 1) for number in node.defs)
    if isinstance(node, (Declared, Narrow)):
        return _is_something(scope, node.value, hops + 1)
    if isinstance(node, Choice):
        items = node.items[-1:] if node.test == NONE else node.items
        return all(_is_something(scope, item, hops + 1) for item in items)
    if node is None or isinstance(node, (Param, Opaque)):
        return False
    return node.op in ("%", "+") if isinstance(node, Bin) else not is_empty(scope, value)
