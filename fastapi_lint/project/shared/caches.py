"""Which caches does request handling fill, and does anything ever empty them?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import takewhile

import msgspec

from fastapi_lint.facts import (
    NONE,
    Attr,
    Bin,
    Call,
    Choice,
    Event,
    EventKind,
    Lit,
    Map,
    Param,
    Scope,
    Seq,
    Sub,
    Unpack,
    Use,
    Var,
)
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.regions import branches, stands_in
from fastapi_lint.project.code.spelling import parts, same, signature, spelled, stored_item
from fastapi_lint.project.flow.clocks import is_clock
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.serving.contexts import Contexts
from fastapi_lint.project.serving.keyed_use import taken_from
from fastapi_lint.project.serving.request_data import RequestData
from fastapi_lint.project.shared.containers import CONTAINERS
from fastapi_lint.project.shared.listed_keys import ListedKeys
from fastapi_lint.project.shared.state import LOCKS, SharedState, State
from fastapi_lint.project.types.values import ExternalV, ExtInstanceV, FunctionV, MethodV

_CALL, _STORE_ITEM = EventKind.CALL, EventKind.STORE_ITEM
_STORES = frozenset({EventKind.REBIND, EventKind.STORE_ATTR})
_ENGINES = frozenset({"sqlalchemy.Engine", "sqlalchemy.orm.sessionmaker", "sqlalchemy.ext.asyncio.async_sessionmaker"})
_CLEARERS = frozenset({"cache_clear", "cache_invalidate"})
_FILE_QUESTIONS = frozenset({"exists", "is_file", "is_dir", "stat", "lstat"})
_PATH_QUESTIONS = frozenset(f"os.path.{name}" for name in ("exists", "isfile", "isdir", "getmtime", "getsize")) | {
    "os.stat"
}
_NAMED = (Use, Var, Attr)
_UNBOUNDED = frozenset({"functools.cache"})
_BY_CONTAINER = frozenset({"cachetools.cached"})
_BOUNDED_BY_DEFAULT = frozenset({"functools.lru_cache", "async_lru.alru_cache"})


class CachedFunction(msgspec.Struct, frozen=True):
    """A function under a cache without a bound; `key` is the parameter that requests decide on.

    `gives_lock` says that what it keeps are locks.
    """

    gid: int
    place: int
    decorator: str
    key: str
    gives_lock: bool = False


class Caches:
    """Dictionaries that are looked up and filled, and functions under `cache`."""

    def __init__(self, graph: Graph, contexts: Contexts, state: SharedState, request_data: RequestData) -> None:
        self._index = graph.index
        self._inference = graph.inference
        self._contexts = contexts
        self._state = state
        self._request_data = request_data
        self._listed_keys = ListedKeys(graph, contexts, request_data)

    # -- dictionaries

    def is_fill(self, frame: Frame, event: Event, state: State) -> bool:
        """Whether a store puts in what a look-up under the same key has missed, or found too old: that is a cache."""
        scope = self._index.scope(frame.gid)
        if event.kind == EventKind.CALL:
            added = setdefault(scope, event)
            return added is not None and self._is_used(scope, event) and not self._is_kept_state(frame, added[1])
        target = stored_item(scope, event)
        if event.flag or event.value == NONE or target is None:
            return False
        is_kept = self._is_kept_state(frame, event.value)
        if is_kept and not self._holds_time(frame, event.value):
            return False
        if self._mentions(frame, event.value, state) or not self._is_read(frame, target.index, state):
            return False
        if self._is_found_old(frame, event, target.index, state, by_clock=is_kept):
            return True
        return not is_kept and (
            stands_in(scope, event.region, "except")
            or any(
                self._tells_presence(frame, branch.expr, target.index, state) is (branch.kind == "else")
                for branch in branches(scope, event.region)
            )
        )

    def _is_found_old(self, frame: Frame, event: Event, key: int, state: State, *, by_clock: bool) -> bool:
        """Whether the function has returned what it found under the key by then, if that was new enough.

        With `by_clock` only its age counts, not what it says of itself: `if not one.is_stale(): return one`.
        """
        scope = self._index.scope(frame.gid)
        for other in takewhile(lambda one: one is not event, scope.events):
            if other.kind == EventKind.RETURN and other.expr != NONE and other.region:
                if self._holds_item(frame, _made_of(scope, other.expr), key, state) and any(
                    self._tells_age(frame, branch.expr, key, state, by_clock)
                    for branch in branches(scope, other.region)
                ):
                    return True
        return False

    def _tells_age(self, frame: Frame, test: int, key: int, state: State, by_clock: bool) -> bool:
        made_of = list(_made_of(self._index.scope(frame.gid), test))
        is_told = not by_clock or any(is_clock(self._inference, frame, part) for part in made_of)
        return is_told and self._holds_item(frame, made_of, key, state)

    def _holds_item(self, frame: Frame, made_of: Iterable[int], key: int, state: State) -> bool:
        return any(self._is_item(frame, part, key, state) for part in made_of)

    def _holds_time(self, frame: Frame, value: int) -> bool:
        """Whether a value is a display with the time in it: `{"value": value, "at": time.time()}`."""
        node = self._index.scope(frame.gid).exprs[value]
        items = node.values if isinstance(node, Map) else node.items if isinstance(node, Seq) else ()
        return any(is_clock(self._inference, frame, item) for item in items)

    def _is_used(self, scope: Scope, event: Event) -> bool:
        """Whether somebody gets what a call gives: a name, a caller, another expression."""
        if any(definition.value == event.expr for definition in scope.defs):
            return True
        if any(
            other.expr == event.expr and other.kind in (EventKind.RETURN, EventKind.YIELD) for other in scope.events
        ):
            return True
        return any(
            event.expr in signature(node)[1] or getattr(node, "value", NONE) == event.expr for node in scope.exprs
        )

    def _is_read(self, frame: Frame, key: int, state: State) -> bool:
        """Whether the function uses what it finds under the key: one that only refuses duplicates is no cache."""
        scope = self._index.scope(frame.gid)
        return any(self._is_item(frame, number, key, state) for number in loads(scope))

    def _is_item(self, frame: Frame, expr: int, key: int, state: State) -> bool:
        """Whether an expression is the container's item of that key: `cache[key]`, `cache.get(key)`."""
        scope = self._index.scope(frame.gid)
        node = scope.exprs[expr]
        if isinstance(node, Use) and len(node.defs) == 1:
            return self._is_item(frame, scope.defs[node.defs[0]].value, key, state)
        if isinstance(node, Sub):
            base, index = node.base, node.index
        elif isinstance(node, Call) and node.args and isinstance(func := scope.exprs[node.func], Attr):
            if func.name != "get":
                return False
            base, index = func.base, node.args[0]
        else:
            return False
        return same(scope, index, key) and self._state.container(frame, base) == state

    def _tells_presence(self, frame: Frame, expr: int, key: int, state: State) -> bool | None:
        """What it means for the key that a condition is true: it is there (True), or it is not (False)."""
        scope = self._index.scope(frame.gid)
        node = scope.exprs[expr]
        if isinstance(node, Bin) and node.op in ("among", "not among"):
            if same(scope, node.left, key) and self._state.container(frame, node.right) == state:
                return node.op == "among"
            return None
        if isinstance(node, Bin) and node.op in ("is", "is not") and scope.exprs[node.right] == Lit(None):
            inner = self._tells_presence(frame, node.left, key, state)
            return None if inner is None else inner is (node.op == "is not")
        if isinstance(node, Bin) and node.op == "not":
            inner = self._tells_presence(frame, node.left, key, state)
            return None if inner is None else not inner
        if isinstance(node, (Choice, Bin)):
            items = node.items if isinstance(node, Choice) else (node.left, node.right)
            told = [self._tells_presence(frame, item, key, state) for item in items]
            return next((one for one in told if one is not None), None)
        return True if self._is_item(frame, expr, key, state) else None

    def _is_kept_state(self, frame: Frame, value: int) -> bool:
        """An empty list for each key, a flag, a parameter is what requests leave behind, not what was looked up."""
        scope = self._index.scope(frame.gid)
        node = scope.exprs[value]
        if isinstance(node, Use) and len(node.defs) == 1:
            return isinstance(scope.exprs[scope.defs[node.defs[0]].value], Param)
        if isinstance(node, (Lit, Seq, Map)):
            return not (isinstance(node, Seq) and node.kind == "tuple")
        if isinstance(node, Call) and not node.args and not node.keywords:
            made = self._inference.type(frame, value)
            return any(isinstance(one, ExtInstanceV) and one.name in CONTAINERS for one in made)
        return False

    def _mentions(self, frame: Frame, expr: int, state: State) -> bool:
        """Whether a value is computed from what the container held before: a counter is no cache."""
        scope = self._index.scope(frame.gid)
        return any(
            isinstance(scope.exprs[part], (Sub, Call)) and self._state.origin(frame, part) == state
            for part in parts(scope, expr)
        )

    def grows(self, frame: Frame, event: Event, state: State) -> bool:
        """Whether a fill's keys come with requests, and nothing in the project ever takes one out."""
        scope = self._index.scope(frame.gid)
        added = setdefault(scope, event)
        target = stored_item(scope, event)
        key, value = added or (target.index if target is not None else NONE, event.value)
        if key == NONE or self._is_emptied(state.name.rpartition(".")[2]) or self.is_client(frame, value):
            return False
        if not self._request_data.is_from_request(frame.gid, key) or self._is_few(frame, key):
            return False
        number = next(number for number, one in enumerate(scope.events) if one is event)
        return not self._names_a_file(frame, key) and not self._listed_keys.is_known(frame.gid, number, key)

    def _names_a_file(self, frame: Frame, key: int) -> bool:
        """Whether the function asks the file system about what the key is made of: there are so many files."""
        scope = self._index.scope(frame.gid)
        made_of = [part for part in parts(scope, key, through_names=False) if isinstance(scope.exprs[part], _NAMED)]
        for event in scope.events:
            node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
            func = scope.exprs[node.func] if isinstance(node, Call) else None
            if not isinstance(node, Call):
                continue
            asked = func.base if isinstance(func, Attr) and func.name in _FILE_QUESTIONS else NONE
            called = self._inference.type(frame, node.func) if node.args else ()
            if any(isinstance(value, ExternalV) and value.name in _PATH_QUESTIONS for value in called):
                asked = node.args[0]
            if any(same(scope, asked, part) for part in made_of):
                return True
        return False

    def is_client(self, frame: Frame, expr: int) -> bool:
        """Whether a value is a client, an engine or a pool: one for each tenant or key is as it should be."""
        catalogue = self._inference.libraries.catalogue
        for value in self._inference.type(frame, expr) if expr != NONE else ():
            made = catalogue.method(value.name, "__init__") if isinstance(value, ExtInstanceV) else None
            if made is not None and made.creates not in (None, "lock"):
                return True
            kind = catalogue.type(value.name) if isinstance(value, ExtInstanceV) else None
            if kind is not None and (kind.closed_by or kind.name in _ENGINES):
                return True
        return False

    def _is_emptied(self, name: str) -> bool:
        """Whether the project takes items out of what it calls by this name, measures, replaces or hands it over."""
        certain, handed = self._emptied
        return name in certain or any(self._may_empty(gid, func) for gid, func in handed.get(name, ()))

    @cached_property
    def _emptied(self) -> tuple[frozenset[str], dict[str, list[tuple[int, int]]]]:
        """The names of what is emptied, and those of arguments with the functions that get them."""
        certain: set[str] = set()
        handed: dict[str, list[tuple[int, int]]] = {}
        for gid, scope in enumerate(self._index.scopes):
            for event in scope.events:
                if event.kind is _CALL:
                    certain.update(taken_from(scope, event))
                    for name, func in _handed(scope, event.expr):
                        handed.setdefault(name, []).append((gid, func))
                elif event.kind in _STORES:
                    if self._contexts.categories(gid) != {"startup"}:  # start-up made it
                        certain.update(taken_from(scope, event))
                elif event.kind is _STORE_ITEM:
                    certain.update(taken_from(scope, event))
        return frozenset(certain), handed

    def _may_empty(self, gid: int, func: int) -> bool:
        """A function of the project, an unknown one, or `len`: whoever measures a cache does so to bound it."""
        kind = self._inference.type(self._inference.plain_frame(gid), func)
        if not kind:
            return True
        return any(
            isinstance(value, (FunctionV, MethodV)) or (isinstance(value, ExternalV) and value.name == "builtins.len")
            for value in kind
        )

    # -- functions

    def unbounded_functions(self, gids: frozenset[int]) -> Iterator[CachedFunction]:
        """Every function among these whose cache has no bound and whose calls pass on what requests bring."""
        for gid in sorted(gids):
            scope = self._index.scope(gid)
            found = self._unbounded(gid) if scope.decorators else None
            if scope.is_async and found is not None and found[0].startswith("functools."):
                continue  # it keeps coroutines, which is worse
            if gid in self._cleared:
                continue
            key = self._open_key(gid) if found is not None else None
            if found is not None and key is not None:
                yield CachedFunction(gid, found[1], found[0], key, self._gives_lock(gid))

    def _gives_lock(self, gid: int) -> bool:
        frame = self._inference.plain_frame(gid)
        given = [value for expr in self._inference.names.returns(gid) for value in self._inference.type(frame, expr)]
        return bool(given) and all(any(self._inference.libraries.is_a(one, name) for name in LOCKS) for one in given)

    @cached_property
    def _cleared(self) -> frozenset[int]:
        """The functions whose cache the project empties: `lookup.cache_clear()`."""
        found: set[int] = set()
        for gid in self._index.reading(_CLEARERS):
            for node in self._index.scope(gid).exprs:
                if isinstance(node, Attr) and node.name in _CLEARERS:
                    frame = self._inference.plain_frame(gid)
                    functions = self._inference.functions(self._inference.type(frame, node.base))
                    found.update(self._inference.binding.frame_of(function).gid for function in functions)
        return frozenset(found)

    def _unbounded(self, gid: int) -> tuple[str, int] | None:
        scope, parent = self._index.scope(gid), self._index.parent(gid)
        outer = self._inference.plain_frame(parent)
        for decorator, place in zip(scope.decorators, scope.decorator_places, strict=True):
            node = self._index.scope(parent).exprs[decorator]
            call = node if isinstance(node, Call) else None
            for value in self._inference.type(outer, call.func if call is not None else decorator):
                if not isinstance(value, ExternalV):
                    continue
                if value.name in _UNBOUNDED or (value.name in _BOUNDED_BY_DEFAULT and self._has_no_bound(parent, call)):
                    return value.name, place
                if value.name in _BY_CONTAINER and call is not None and self._is_plain_dict(outer, call):
                    return value.name, place
        return None

    def _is_plain_dict(self, outer: Frame, call: Call) -> bool:
        """Whether the container that a decorator is given is a dictionary: made there, or one that nothing empties."""
        given = self._inference.calls.argument(outer.gid, call, "cache")
        given = call.args[0] if given == NONE and call.args else given
        if given == NONE:
            return False
        kind = self._inference.type(outer, given)
        if not kind or not all(isinstance(value, ExtInstanceV) and value.name in CONTAINERS for value in kind):
            return False
        return not any(self._is_emptied(name) for name in spelled(self._index.scope(outer.gid), given))

    def _has_no_bound(self, gid: int, call: Call | None) -> bool:
        if call is None:
            return False
        given = self._inference.calls.argument(gid, call, "maxsize")
        given = call.args[0] if given == NONE and call.args else given
        return given != NONE and self._index.scope(gid).exprs[given] == Lit(None)

    def _open_key(self, gid: int) -> str | None:
        """The first parameter that may take any number of values, as requests bring them."""
        scope = self._index.scope(gid)
        for number, parameter in enumerate(scope.params):
            if not self._is_closed(gid, number) and self._listed_keys.is_open(gid, number):
                return parameter.name
        return None

    def _is_closed(self, gid: int, number: int) -> bool:
        """Whether a parameter has a handful of values: a flag, an enumeration, a `Literal`, a function, a class."""
        parameter = self._index.scope(gid).params[number]
        outer = self._index.scope(self._index.parent(gid))
        node = outer.exprs[parameter.annotation] if parameter.annotation != NONE else None
        head = outer.exprs[node.base] if isinstance(node, Sub) else None
        if isinstance(head, Use) and head.defs:
            head = outer.exprs[outer.defs[head.defs[0]].value]
        if getattr(head, "name", "") in ("Callable", "Type", "type"):
            return True
        return self._inference.few_values.may_be_parameter(gid, number)

    def _is_few(self, frame: Frame, key: int) -> bool:
        """Whether a key has a handful of values, by its type or by the parameter that it is."""
        scope = self._index.scope(frame.gid)
        node = scope.exprs[key]
        if isinstance(node, Use) and len(node.defs) == 1:
            node = scope.exprs[scope.defs[node.defs[0]].value]
        if isinstance(node, Param):
            return self._is_closed(frame.gid, node.index)
        if isinstance(node, Seq):
            return bool(node.items) and all(self._is_few(frame, item) for item in node.items)
        kind = self._inference.type(frame, key)
        return bool(kind) and all(self._inference.few_values.is_value(value) for value in kind)


def _made_of(scope: Scope, expr: int) -> Iterator[int]:
    """What an expression is made of, through names that an item was unpacked into, too."""
    for part in parts(scope, expr):
        yield part
        node = scope.exprs[part]
        if isinstance(node, Unpack):
            yield from parts(scope, node.value)


def _handed(scope: Scope, call: int) -> Iterator[tuple[str, int]]:
    """The names of what a call is given, each with what is called."""
    node = scope.exprs[call]
    if type(node) is Call:
        for argument in (*node.args, *(value for _, value in node.keywords)) if node.keywords else node.args:
            if type(scope.exprs[argument]) in _NAMED:
                for name in spelled(scope, argument):
                    yield name, node.func


def setdefault(scope: Scope, event: Event) -> tuple[int, int] | None:
    """The key and the value of `cache.setdefault(key, value)`."""
    node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
    func = scope.exprs[node.func] if isinstance(node, Call) else None
    if not isinstance(node, Call) or not isinstance(func, Attr) or func.name != "setdefault" or len(node.args) != 2:
        return None
    return node.args[0], node.args[1]


def loads(scope: Scope) -> list[int]:
    """Every item that a scope reads, by subscript or `get`."""
    stores = {event.place for event in scope.events if event.kind == EventKind.STORE_ITEM}
    return [
        number
        for number, node in enumerate(scope.exprs)
        if type(node) is Call or (type(node) is Sub and node.place not in stores)
    ]
