"""The catalogue: what is known of libraries, as data.

`data/*.toml` holds one file per kind of library. This module gives their schema, reads them and answers look-ups by
qualified name. `docs/catalogue.md` explains every key to those who add a library; users extend the same shape in
`[tool.fastapi-lint]`.
"""

from __future__ import annotations

import contextlib
import hashlib
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec

if sys.version_info >= (3, 11):
    import tomllib
else:  # the standard library has a TOML reader from 3.11 on only
    import tomli as tomllib

BlockKind = Literal[
    "sleep",
    "http",
    "database",
    "file",
    "subprocess",
    "sync",
    "cpu",
    "sdk",
    "network",
    "reentry",
    "input",
    "metadata",
]
CreateKind = Literal["http-client", "connection", "engine", "sdk-client", "heavy-object", "pool", "lock", "thread"]
EntryKind = Literal[
    "route",
    "websocket",
    "dependency",
    "middleware",
    "exception-handler",
    "lifespan",
    "startup",
    "background-task",
    "worker-task",
    "scheduled-job",
    "command",
    "loop-callback",
    "signal-handler",
    "stream",
]


Where = Literal["loop", "thread", "process"]


class Condition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A test on one argument of a call: by keyword `arg` and, where it may be positional, by 0-based index `at`.

    `is_` (spelled `is` in the data) is the literal value that the argument must have; `given = true` asks only whether
    the argument is present, and no None; `mentions` whether a library's name stands in it (`flags | fcntl.LOCK_NB`),
    `isa` whether it is an instance of a library's type and of no other; `lacks` whether it is a text without that part.
    With `made`, what the call is not given the object was, when it was made (`FileLock(path, timeout=0).acquire()`):
    the index is the same for both. An argument whose value is not a literal never meets an `is` or `lacks` condition.
    """

    arg: str | None = None
    at: int | None = None
    is_: bool | int | float | str | None = msgspec.field(default=None, name="is")
    given: bool | None = None
    mentions: str | None = None
    isa: str | None = None
    lacks: str | None = None
    made: bool = False


class Instead(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a call does where one of its `unless` holds, if that is something else than nothing."""

    blocks: BlockKind | None = None
    returns: str | None = None


class Over(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The argument of a constructor that has the connections: what is made over one that lasts opens none of its own.

    Who closes what is made closes them, too, unless `kept` holds.
    """

    arg: str
    kept: Condition | None = None


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A registration: calling this API makes the callable in `args` (or the decorated function) an entry point.

    `where` is said only if it is not as in FastAPI, where coroutines run on the event loop and plain functions in the
    thread pool: `loop` (plain functions, too), `thread` (coroutines, too, on a loop of their own) or `process`.
    """

    kind: EntryKind
    args: tuple[str | int, ...] = ()
    decorator: bool = False
    where: Where | None = None


class CallSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What happens when one of `names` is called.

    In a `[[library.function]]` the names are qualified (`requests.get`); in a `[[library.type.call]]` they are method
    names, may be dotted paths from the instance (`chat.completions.create`), and may use `*` for any one segment.
    `brief` marks entering a lock: others hold it for moments only, so it counts only where the block awaits. `settled`
    marks leaving an executor: what it waits for is done already where the block awaits. `guards` are methods of the
    same object with the answer that makes the call harmless: `queue.get()` where `queue.empty()` is known to be false.
    `harmless_for` says of a look-up that it needs no name server for a numeric address, or that it refuses a name.
    `after` are methods of the same object behind whose end, awaited before, the call returns at once.
    `would_block` is the error that the call raises where it would have to wait, for objects that are set not to: where
    a handler of it stands around the call, it does not wait. `ends` marks what ends that which its own thread has begun
    with the same type, and is nothing where the loop's thread begins none. `serves` marks a call that runs the server
    until it stops: what comes after it hurts nobody. `pool` names the arguments whose sum bounds a pool, with their
    defaults. `shareable` marks the making of what all threads and requests may use at once, whatever their event loop,
    without a trace of one another, and `idle` of what costs next to nothing until it is used. `over` names the argument
    that has the connections, if it is given. `loses` is what is lost
    where something without a pool is made anew (`connection`: its one, for one request at a time; `file`: the database
    is one of this process, in a file).
    The constructor of a type is its `__init__`; `for x in obj` is `__iter__`, `with obj` is `__enter__`, and so on.
    """

    names: tuple[str, ...]
    blocks: BlockKind | None = None
    creates: CreateKind | None = None
    returns: str | None = None
    unless: tuple[Condition, ...] = ()
    only_if: tuple[Condition, ...] = ()
    instead: Instead | None = None
    twin: str | None = None
    note: str | None = None
    runs: tuple[str | int, ...] = ()
    iterates: tuple[str | int, ...] = ()
    offloads: tuple[str | int, ...] = ()
    entry: Entry | None = None
    entries: tuple[Entry, ...] = ()
    brief: bool = False
    settled: bool = False
    guards: dict[str, bool] = {}
    harmless_for: Literal["address", "name"] | None = None
    after: tuple[str, ...] = ()
    would_block: str | None = None
    ends: bool = False
    serves: bool = False
    pool: dict[str, int] | None = None
    shareable: bool = False
    loses: Literal["certificates", "configuration", "tokens", "connection", "file"] | None = None
    idle: bool = False
    over: Over | None = None
    decorates: Literal["same", "blocks", "offloads", "cached", "contextmanager", "property", "entry"] | None = None

    @property
    def registers(self) -> tuple[Entry, ...]:
        """All registrations that the call makes."""
        return self.entries if self.entry is None else (self.entry, *self.entries)


class TypeSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A class (or a factory's result) with its methods.

    `item` is what iterating or subscripting gives, `enter` what `with` gives (default: the object itself), `awaited`
    what `await obj` gives. Type expressions are qualified names with optional arguments, `list[X]`, `X | Y`, `Self`.
    `threads` is `same` for objects that only the thread that made them may use, and `one` for those that several
    threads may use one after another, but not at once. `closed_by` are the methods any of which closes an instance;
    only types that somebody must close have them. `expires` are the attributes that are true once what an instance
    holds has become too old, and false where it has no such time. `shown` is what messages call an instance where its
    class is private or has no class that can be imported.
    """

    name: str
    shown: str | None = None
    aliases: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    call: tuple[CallSpec, ...] = ()
    attributes: dict[str, str] = {}
    item: str | None = None
    enter: str | None = None
    awaited: str | None = None
    threads: Literal["same", "one"] | None = None
    closed_by: tuple[str, ...] = ()
    expires: tuple[str, ...] = ()


class Library(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One distribution: its name on the package index (`stdlib` for Python's own), import roots and documentation.

    `alias` maps a module path onto the one the entries use (`"google.cloud.storage.client" = "google.cloud.storage"`).
    """

    name: str
    modules: tuple[str, ...]
    docs: str | None = None
    alias: dict[str, str] = {}
    function: tuple[CallSpec, ...] = ()
    type: tuple[TypeSpec, ...] = ()


class CatalogueFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of one data file."""

    library: tuple[Library, ...]


class CatalogueError(Exception):
    """An entry that does not fit the schema or says the same thing twice; the text names the file and the key."""


class Catalogue:
    """Look-ups by qualified name. Immutable after construction."""

    def __init__(self, libraries: Iterable[Library], overrides: Iterable[Library] = ()) -> None:
        """`overrides` are the user's entries: they may say otherwise than the bundled ones."""
        bundled, own = tuple(libraries), tuple(overrides)
        self.bundled, self.own = bundled, own
        self.libraries = (*bundled, *own)
        self.roots: set[str] = set()
        self._functions: dict[str, CallSpec] = {}
        self._types: dict[str, TypeSpec] = {}
        self._aliases: dict[str, str] = {}
        self._exact: dict[tuple[str, str], CallSpec] = {}
        self._patterns: dict[str, list[tuple[tuple[str, ...], CallSpec]]] = {}
        self._canonical: dict[str, str] = {}
        self._mro: dict[str, tuple[TypeSpec, ...]] = {}
        self._methods: dict[tuple[str, str], CallSpec | None] = {}
        for library in bundled:
            self._add(library, override=False)
        for library in own:
            self._add(library, override=True)

    def _add(self, library: Library, override: bool) -> None:
        self.roots.update(module.split(".")[0] for module in library.modules)
        self._aliases.update(library.alias)
        for spec in library.function:
            for name in spec.names:
                if name in self._functions and not override:
                    raise CatalogueError(f"{library.name}: function `{name}` is listed twice")
                self._functions[name] = with_twin(spec, name)
        for kind in library.type:
            known = self._types.get(kind.name)
            for name in (kind.name, *kind.aliases):
                if name in self._types and not override:
                    raise CatalogueError(f"{library.name}: type `{name}` is listed twice")
                if known is None:  # an override adds to what is known of the type
                    self._types[name] = kind
            self._add_calls(library, kind, known or kind, override)

    def _add_calls(self, library: Library, kind: TypeSpec, owner: TypeSpec, override: bool) -> None:
        for spec in kind.call:
            for name in spec.names:
                if "*" in name:
                    patterns = self._patterns.setdefault(owner.name, [])
                    patterns.insert(0 if override else len(patterns), (tuple(name.split(".")), spec))
                    continue
                if (owner.name, name) in self._exact and not override:
                    raise CatalogueError(f"{library.name}: `{kind.name}.{name}` is listed twice")
                self._exact[owner.name, name] = with_twin(spec, name)

    def canonical(self, qualified: str) -> str:
        """The name under which the catalogue knows `qualified`: aliases of modules and types are replaced."""
        known = self._canonical.get(qualified)
        if known is None:
            known = self._canonical[qualified] = self._find_canonical(qualified)
        return known

    def _find_canonical(self, qualified: str) -> str:
        kind = self._types.get(qualified)
        if kind is not None:
            return kind.name
        head = qualified
        while "." in head:
            head = head.rpartition(".")[0]
            if head in self._aliases:
                return self.canonical(self._aliases[head] + qualified[len(head) :])
        return qualified

    def function(self, qualified: str) -> CallSpec | None:
        """The entry of a function, by any of its names."""
        return self._functions.get(qualified) or self._functions.get(self.canonical(qualified))

    def type(self, qualified: str) -> TypeSpec | None:
        """The entry of a type, by any of its names."""
        return self._types.get(qualified) or self._types.get(self.canonical(qualified))

    def mro(self, qualified: str) -> tuple[TypeSpec, ...]:
        """The type and its catalogued bases, depth first, each once."""
        known = self._mro.get(qualified)
        if known is None:
            known = self._mro[qualified] = tuple(self._find_mro(qualified))
        return known

    def _find_mro(self, qualified: str) -> Iterator[TypeSpec]:
        seen: set[str] = set()
        todo = [qualified]
        while todo:
            kind = self.type(todo.pop(0))
            if kind is None or kind.name in seen:
                continue
            seen.add(kind.name)
            yield kind
            todo[:0] = kind.bases

    def is_subtype(self, qualified: str, base: str) -> bool:
        """Whether `base` is among the catalogued bases of `qualified` (or the same type)."""
        wanted = self.canonical(base)
        return self.canonical(qualified) == wanted or any(kind.name == wanted for kind in self.mro(qualified))

    def threads(self, qualified: str) -> Literal["same", "one"] | None:
        """Which threads may use an instance of the type, for what its nearest base says; None is any thread."""
        return next((kind.threads for kind in self.mro(qualified) if kind.threads is not None), None)

    def method(self, qualified: str, path: str) -> CallSpec | None:
        """What calling `path` (a method name or a dotted path) on an instance does: exact names win over patterns."""
        key = (qualified, path)
        if key not in self._methods:
            self._methods[key] = self._find_method(qualified, path)
        return self._methods[key]

    def _find_method(self, qualified: str, path: str) -> CallSpec | None:
        parts = tuple(path.split("."))
        for kind in self.mro(qualified):
            spec = self._exact.get((kind.name, path)) or _first_match(self._patterns.get(kind.name, ()), parts)
            if spec is not None:
                made = [self._exact.get((name, "__init__")) for name in (kind.name, self.canonical(qualified))]
                return _with_own_twin(spec, *made)
        return None


def with_twin(spec: CallSpec, name: str) -> CallSpec:
    """The entry as it holds for one of its names: a `*` in the twin stands for that."""
    if spec.twin is None or "*" not in spec.twin:
        return spec
    return msgspec.structs.replace(spec, twin=spec.twin.replace("*", name))


def _with_own_twin(spec: CallSpec, base: CallSpec | None, own: CallSpec | None) -> CallSpec:
    """What is inherited from a type, where making that and making the own one have different twins."""
    if base is None or own is None or own.twin is None or spec.twin is None or spec.twin != base.twin:
        return spec
    return msgspec.structs.replace(spec, twin=own.twin)


def _first_match(patterns: Iterable[tuple[tuple[str, ...], CallSpec]], parts: tuple[str, ...]) -> CallSpec | None:
    """A `*` stands for one public segment: dunder and private names are never meant by a pattern."""
    for pattern, spec in patterns:
        if len(pattern) == len(parts) and all(
            want == part or (want == "*" and not part.startswith("_"))
            for want, part in zip(pattern, parts, strict=True)
        ):
            return spec
    return None


def parse_libraries(text: str, origin: str) -> tuple[Library, ...]:
    """The libraries of one data file; raises CatalogueError with the origin and the key that is wrong."""
    try:
        raw: dict[str, Any] = tomllib.loads(text)
        return msgspec.convert(raw, CatalogueFile).library
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise CatalogueError(f"{origin}: {error}") from error


class Kept(Protocol):
    """Where a reading of the bundled catalogue is kept, by what it depends on."""

    def load(self, key: bytes) -> bytes | None: ...

    def store(self, key: bytes, data: bytes) -> None: ...


def load_catalogue(extra: Iterable[Library] = (), kept: Kept | None = None) -> Catalogue:
    """The bundled catalogue, with the user's own entries over it."""
    from importlib import resources

    folder = resources.files("fastapi_lint") / "data"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda item: item.name)
    texts = {file.name: file.read_bytes() for file in files}
    return Catalogue(_read(texts) if kept is None else _read_once(texts, kept), extra)


def _read(texts: dict[str, bytes]) -> tuple[Library, ...]:
    return tuple(library for name, text in texts.items() for library in parse_libraries(text.decode("utf-8"), name))


def _read_once(texts: dict[str, bytes], kept: Kept) -> tuple[Library, ...]:
    code = Path(__file__).read_bytes()  # a checkout changes without a new version
    key = hashlib.blake2b(msgspec.msgpack.encode((code, texts)), digest_size=32).digest()
    data = kept.load(key)
    if data is not None:
        with contextlib.suppress(msgspec.DecodeError):
            return msgspec.msgpack.decode(data, type=tuple[Library, ...])
    libraries = _read(texts)
    kept.store(key, msgspec.msgpack.encode(libraries))
    return libraries
