"""Which branches renew what is derived from an object's settings, where nothing that serves requests changes those?

`if not self._dirty: return`, then `self._refresh()`, which takes the flag down: the constructor has refreshed, and only
who replaces the settings raises the flag. `if self._cached_mode != self.mode: self._refresh()` is the same with a copy.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from fastapi_lint.facts import NONE, Attr, Bin, Call, Event, EventKind, Lit, Scope
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.logic import simple_tests, truth
from fastapi_lint.project.code.regions import may_be_passed, within
from fastapi_lint.project.code.spelling import is_receiver
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.serving.contexts import Contexts
from fastapi_lint.project.types.values import InstanceV

_CONSTRUCTORS = ("__init__", "__post_init__")
_EQUALITIES = {"equals": True, "is": True, "differs": False, "is not": False}
_MOST_HOPS = 3

Kept = tuple[str, str]
"""A flag that is down (its name and the empty string), or a copy and the attribute that it is a copy of."""


class Refreshed:
    """Answers by class, kept."""

    def __init__(self, graph: Graph, contexts: Contexts) -> None:
        self._index = graph.index
        self._classes = graph.inference.classes
        self._contexts = contexts
        self._known: dict[tuple[int, Kept], bool] = {}
        self._asking: dict[int, frozenset[int]] = {}

    def is_never_taken(self, frame: Frame, number: int) -> bool:
        """Whether a branch renews what its test has found to be old, and nothing makes that old for a request."""
        scope, region = frame.scope, frame.scope.regions[number]
        if not isinstance(frame.receiver, InstanceV) or number not in self._asking_regions(frame.gid):
            return False
        owner, used = frame.receiver.gid, list[Kept]()

        def simple(test: int) -> bool | None:
            for kept, holds in _asked(scope, test):
                if self._stays(owner, kept):
                    used.append(kept)
                    return holds
            return None

        if truth(scope, region.expr, simple) is not (region.kind != "if"):
            return False
        return all(self._leaves(frame.gid, owner, kept, 0, number) for kept in used)

    def _asking_regions(self, gid: int) -> frozenset[int]:
        """The branches of a method whose conditions ask for a flag, or a copy, of the receiver."""
        known = self._asking.get(gid)
        if known is None:
            scope = self._index.scope(gid)
            regions = enumerate(scope.regions) if self._index.class_of(gid) != NONE else ()
            known = self._asking[gid] = frozenset(
                number
                for number, region in regions
                if region.kind in ("if", "else")
                and region.expr != NONE
                and any(True for test in simple_tests(scope, region.expr) for _ in _asked(scope, test))
            )
        return known

    def _stays(self, owner: int, kept: Kept) -> bool:
        """Whether the constructor leaves it so, and so does all that requests run."""
        known = self._known.get((owner, kept))
        if known is None:
            methods = [self._classes.find_method(owner, name) for name in _CONSTRUCTORS]
            known = self._known[owner, kept] = (
                any(method is not None and self._leaves(method.gid, owner, kept, 0) for method in methods)
                and all(_keeps(self._index.scope(gid), event, kept) for gid, event in self._stores.get(kept[0], ()))
                and not (kept[1] and self._stores.get(kept[1]))
            )
        return known

    @cached_property
    def _stores(self) -> dict[str, list[tuple[int, Event]]]:
        """What requests and start-up store in attributes of things that are there already, by name."""
        found: dict[str, list[tuple[int, Event]]] = {}
        running = self._contexts.reached("request").keys() | self._contexts.reached("startup").keys()
        for gid in {frame.gid for frame in running}:
            scope = self._index.scope(gid)
            for event in scope.events:
                if event.kind == EventKind.STORE_ATTR:
                    if scope.name not in _CONSTRUCTORS or not is_receiver(scope, event.expr):
                        found.setdefault(event.name, []).append((gid, event))
        return found

    def _leaves(self, gid: int, owner: int, kept: Kept, hops: int, region: int = 0) -> bool:
        """Whether a method, or a region of it, ends with a flag down, or with a copy that is new."""
        scope = self._index.scope(gid)
        if hops > _MOST_HOPS or (hops and (scope.is_async or scope.is_generator)):
            return False
        is_left, allowed = False, may_be_passed(scope, region)
        for event in scope.events:
            if not within(scope, event.region, (region,)):
                continue
            if event.kind == EventKind.RETURN and not is_left:
                return False
            says = self._says(scope, event, owner, kept, hops)
            if says is not None and (not says or may_be_passed(scope, event.region) <= allowed):
                is_left = says
        return is_left

    def _says(self, scope: Scope, event: Event, owner: int, kept: Kept, hops: int) -> bool | None:
        """What an event makes of it; None for those that have nothing to do with it."""
        if event.kind == EventKind.STORE_ATTR and is_receiver(scope, event.expr) and event.name in kept:
            return _keeps(scope, event, kept) if event.name == kept[0] else False
        node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
        func = scope.exprs[node.func] if isinstance(node, Call) else None
        if not isinstance(func, Attr) or not is_receiver(scope, func.base):
            return None
        method = self._classes.find_method(owner, func.name)
        if method is None or not any(event.name in kept for event in self._index.stores(method.gid)):
            return None
        return self._leaves(method.gid, owner, kept, hops + 1)


def _asked(scope: Scope, test: int) -> Iterator[tuple[Kept, bool]]:
    """The flag, or the copy, of the receiver that a simple test asks for, and what it is while that stays so."""
    node = scope.exprs[test]
    if isinstance(node, Attr) and is_receiver(scope, node.base):
        yield (node.name, ""), False
    if isinstance(node, Bin) and node.op in _EQUALITIES:
        one, other = scope.exprs[node.left], scope.exprs[node.right]
        if isinstance(one, Attr) and isinstance(other, Attr) and one.name != other.name:
            if is_receiver(scope, one.base) and is_receiver(scope, other.base):
                yield (one.name, other.name), _EQUALITIES[node.op]
                yield (other.name, one.name), _EQUALITIES[node.op]


def _keeps(scope: Scope, event: Event, kept: Kept) -> bool:
    """Whether a store takes the flag down, or makes the copy anew."""
    if event.flag or event.value == NONE:
        return False
    value = scope.exprs[event.value]
    if not kept[1]:
        return value == Lit(False)
    return isinstance(value, Attr) and value.name == kept[1] and is_receiver(scope, value.base)
