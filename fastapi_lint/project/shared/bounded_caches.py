"""Which shared dictionaries are caches that their own code keeps small?

`if len(cache) > LIMIT: cache.popitem()`: what is lost is looked up or computed again, so each process may have its own.
Counters, lists of what has been seen and registries are no caches, however small they are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from functools import cached_property

from fastapi_lint.facts import NONE, Attr, Call, Event, EventKind, Free, Lit, Map, Scope, Seq, Sub, Use
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.regions import around
from fastapi_lint.project.code.spelling import is_receiver, parts, same, spelled, stored_item
from fastapi_lint.project.flow.clocks import is_clock
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.shared.caches import loads
from fastapi_lint.project.shared.changes import Change, Changes
from fastapi_lint.project.shared.state import SharedState, State

REMOVERS = frozenset({"clear", "pop", "popitem", "popleft", "remove", "discard", "move_to_end"})
_BY_KEY = frozenset({"pop", "discard", "remove"})
_SETS = (EventKind.REBIND, EventKind.STORE_ATTR)

Name = tuple[str, str]
"""What a state is called and where it lives."""


def last_part(name: Name) -> str:
    """The variable or the attribute itself, without the objects that it hangs on."""
    return name[0].rpartition(".")[2]


class BoundedCaches:
    """Looked for among all changes of request code."""

    def __init__(self, graph: Graph, changes: Changes, state: SharedState) -> None:
        self._index = graph.index
        self._inference = graph.inference
        self._changes = changes
        self._state = state

    def find(self) -> Callable[[Frame, Event, str, str], bool]:
        """A test for changes: do they keep such a cache? Its own class also notes in its items how they are used."""
        evicted = dict(self._evicted())
        names = {spelling for _, spellings in evicted.values() for spelling in spellings}
        read = {name for name in self._read(names) if name in evicted}
        caches = {name: evicted[name][0] for name in read if name not in self._other(set(evicted))}
        caches |= {name: caches[of] for name, of in self._noted_beside(caches)}

        def keeps(frame: Frame, event: Event, name: str, where: str) -> bool:
            if self._called(frame, event, (name, where)) in caches:
                return True
            owner, holder = self._index.class_of(frame.gid), (name.rpartition(".")[0], where)
            return owner != NONE and caches.get(self._of_class.get(holder, holder)) == owner

        return keeps

    @cached_property
    def _sites(self) -> dict[Name, list[tuple[Frame, Change]]]:
        """The changes of each container."""
        found: dict[Name, list[tuple[Frame, Change]]] = {}
        for sites in self._changes.by_name.values():
            for frame, change in sites:
                found.setdefault(self._called(frame, change.event, _name(change.state)), []).append((frame, change))
        return found

    @cached_property
    def _of_class(self) -> dict[Name, Name]:
        """What each container is called that methods change in their own object, `self.values[key] = value`.

        What a class does about its containers it does for all of its objects: `users.delete(key)`, `cache.set(key)`.
        """
        found: dict[Name, Name] = {}
        for name, sites in self._changes.by_name.items():
            for own in (self._own(frame, change.event) for frame, change in sites):
                if own is not None:
                    found.setdefault(name, own)
        return found

    def _own(self, frame: Frame, event: Event) -> Name | None:
        if event.kind == EventKind.STORE_ATTR:
            return self._of_receiver(frame, event.expr, event.name)
        node = frame.scope.exprs[_container(frame.scope, event)] if event.expr != NONE else None
        return self._of_receiver(frame, node.base, node.name) if isinstance(node, Attr) else None

    def _of_receiver(self, frame: Frame, base: int, name: str) -> Name | None:
        owner = self._index.class_of(frame.gid)
        if owner == NONE or not is_receiver(frame.scope, base):
            return None
        classes = self._inference.classes
        bases = [one for one in classes.mro(owner) if isinstance(one, int) and classes.stored(one, name)]
        return f"{bases[-1] if bases else owner}.{name}", "objects of a class"

    def _called(self, frame: Frame, event: Event, name: Name) -> Name:
        return self._own(frame, event) or self._of_class.get(name, name)

    def _called_by(self, frame: Frame, state: State, expr: int) -> Name:
        """What the container is called that is an expression of a frame."""
        name, node = _name(state), frame.scope.exprs[expr]
        own = self._of_receiver(frame, node.base, node.name) if isinstance(node, Attr) else None
        return own or self._of_class.get(name, name)

    def _evicted(self) -> Iterator[tuple[Name, tuple[int, list[str]]]]:
        """What is taken from because there is much of it, with the class that does so and how that spells it."""
        for frame in self._changes.requests.frames:
            scope = self._index.scope(frame.gid)
            for change in self._changes.of(frame):
                if not self._is_measured(frame, change):
                    continue
                name = self._called(frame, change.event, _name(change.state))
                if removes(scope, change.event):
                    yield name, (self._index.class_of(frame.gid), spelled(scope, _container(scope, change.event)))
                elif _empties(scope, change.event):
                    yield name, (self._index.class_of(frame.gid), [change.event.name])

    def _is_measured(self, frame: Frame, change: Change) -> bool:
        """Whether a removal stands under a condition on the container's length, or its function's call does."""
        name = self._called(frame, change.event, _name(change.state))
        if self._asks_length(frame, change.event.region, name):
            return True
        for caller, edge in self._changes.requests.callers(frame):
            events = self._index.scope(caller.gid).events
            if 0 <= edge.event < len(events) and self._asks_length(caller, events[edge.event].region, name):
                return True
        return False

    def _asks_length(self, frame: Frame, region: int, name: Name) -> bool:
        scope = self._index.scope(frame.gid)
        for found in (scope.regions[number] for number in around(scope, region)):
            for part in parts(scope, found.expr) if found.kind in ("if", "else", "loop") else ():
                node = scope.exprs[part]
                if isinstance(node, Call) and scope.exprs[node.func] == Free("len") and len(node.args) == 1:
                    measured = self._state.container(frame, node.args[0])
                    if measured is not None and self._called_by(frame, measured, node.args[0]) == name:
                        return True
        return False

    def _read(self, names: set[str]) -> Iterator[Name]:
        """The containers spelled like this out of which request code takes the item of a key."""
        for frame in self._changes.requests.frames if names else ():
            scope = self._index.scope(frame.gid)
            for number in loads(scope):
                base = _looked_up_in(scope, number)
                for spelling in spelled(scope, base) if base != NONE else ():
                    found = self._state.container(frame, base) if spelling in names else None
                    if found is not None:
                        yield self._called_by(frame, found, base)

    def _other(self, names: set[Name]) -> set[Name]:
        """Those that hold what requests leave behind: counters, flags, times, and lists that grow in place."""
        found: set[Name] = set()
        for frame in self._changes.requests.frames if names else ():
            for change in self._changes.of(frame):
                name = self._called(frame, change.event, _name(change.state))
                if name in names and name not in found and self._leaves_behind(frame, change):
                    found.add(name)
        return found

    def _noted_beside(self, caches: Container[Name]) -> Iterator[tuple[Name, Name]]:
        """What an object notes of its cache's entries in another container, with the cache: `expires[key] = at`."""
        sites = self._sites
        for cache in [name for name in sites if name in caches]:
            for name, found in sites.items():
                is_near = name not in caches and _holder(name) == _holder(cache) is not None
                if is_near and all(self._stands_beside(*one, cache) for one in found):
                    yield name, cache

    def _stands_beside(self, frame: Frame, change: Change, cache: Name) -> bool:
        """Whether a function puts in, takes out or empties, and does so with the cache, too, under the same key."""
        scope, event = self._index.scope(frame.gid), change.event
        key = _key(scope, event)
        if event.flag or key is None or self._is_computed_from_old(frame, scope, event, change.state):
            return False
        return any(
            self._called(frame, other.event, _name(other.state)) == cache
            and removes(scope, other.event) == removes(scope, event)
            and (its := _key(scope, other.event)) is not None
            and (its == key or same(scope, its, key))
            for other in self._changes.of(frame)
        )

    def _leaves_behind(self, frame: Frame, change: Change) -> bool:
        scope, event = self._index.scope(frame.gid), change.event
        if removes(scope, event) or _empties(scope, event):
            return False
        if isinstance(scope.exprs[_container(scope, event)], Sub) or event.flag:
            return True
        if stored_item(scope, event) is None or event.value == NONE:
            return event.kind != EventKind.REBIND
        node = scope.exprs[event.value]
        if isinstance(node, Use) and len(node.defs) == 1:
            node = scope.exprs[scope.defs[node.defs[0]].value]
        if isinstance(node, (Lit, Map)) or (isinstance(node, Seq) and node.kind != "tuple"):
            return True
        if is_clock(self._inference, frame, event.value):
            return True
        return self._is_computed_from_old(frame, scope, event, change.state)

    def _is_computed_from_old(self, frame: Frame, scope: Scope, event: Event, state: State) -> bool:
        """Whether a number or a list is stored that was there before, changed: `hits.get(key, 0) + 1`."""
        through = (scope.exprs[part] for part in parts(scope, event.value))
        if not any(getattr(node, "op", "") in ("+", "-", "|") for node in through):
            return False
        bases = (_looked_up_in(scope, part) for part in parts(scope, event.value))
        return any(base != NONE and self._state.container(frame, base) == state for base in bases)


def removes(scope: Scope, event: Event) -> bool:
    """Whether a change takes something out."""
    if event.kind == EventKind.STORE_ITEM:
        return event.value == NONE
    node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
    func = scope.exprs[node.func] if isinstance(node, Call) else None
    return isinstance(func, Attr) and func.name in REMOVERS


def _empties(scope: Scope, event: Event) -> bool:
    """Whether a change puts an empty dictionary in place of a full one."""
    value = scope.exprs[event.value] if event.kind in _SETS and event.value != NONE else None
    return isinstance(value, Map) and not value.keys


def _container(scope: Scope, event: Event) -> int:
    """What a change changes."""
    node = scope.exprs[event.expr]
    func = scope.exprs[node.func] if isinstance(node, Call) and event.kind == EventKind.CALL else None
    return func.base if isinstance(func, Attr) else event.expr


def _name(state: State) -> Name:
    return state.name, state.where


def _holder(name: Name) -> Name | None:
    """The object, or the class of objects, that holds a container."""
    holder, _, _ = name[0].rpartition(".")
    return (holder, name[1]) if holder else None


def _key(scope: Scope, event: Event) -> int | None:
    """The key under which a change puts in or takes out; NONE if it empties the container, None for other changes."""
    item = stored_item(scope, event)
    if item is not None:
        return item.index
    if _empties(scope, event):
        return NONE
    node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
    func = scope.exprs[node.func] if isinstance(node, Call) else None
    if not isinstance(node, Call) or not isinstance(func, Attr):
        return None
    return node.args[0] if func.name in _BY_KEY and node.args else NONE if func.name == "clear" else None


def _looked_up_in(scope: Scope, expr: int) -> int:
    """The container whose item an expression is: `cache[key]`, `cache.get(key)`."""
    node = scope.exprs[expr]
    if isinstance(node, Sub):
        return node.base
    func = scope.exprs[node.func] if isinstance(node, Call) and node.args else None
    return func.base if isinstance(func, Attr) and func.name == "get" else NONE
