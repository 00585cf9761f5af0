"""What one module contributes to the project: plain data, no tree nodes.

A module is lowered to one `Scope` per module, class body, function and lambda. A scope holds

- `exprs`: its expressions as a flat table; an expression names its parts by index into the same table,
- `defs`: every binding of a name, each with the expression that gives the value (static single assignment: a `Use`
  names the definitions that reach it, so that rebinding, branches and narrowing are settled here, once),
- `events`: what happens when the code runs, in order of evaluation: calls, attribute loads, stores, awaits, ...
- `regions`: where in the control flow an event stands (loop, branch, try, with).

Unreachable code and `TYPE_CHECKING` blocks have no events. Places are indices into `ModuleFacts.places`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

NONE = -1
"""An index that points at nothing."""
FOLLOWED = "<followed>"
"""The folder below which followed packages stand, whatever their real place: no file of a project has this path."""


class _Node(msgspec.Struct, frozen=True, array_like=True, gc=False, tag_field="node"):
    """Nothing derives from the kinds below, so `type(node) is Call` says the same as `isinstance`.

    Where that is asked of every expression it is written so: it takes 14 ns, `isinstance` 76 where the answer is no.
    """


class _Plain(msgspec.Struct, frozen=True, array_like=True, gc=False):
    pass


class Use(_Node, tag=1):
    """A local name; `defs` are the definitions of the same scope that reach this use."""

    defs: tuple[int, ...]


class Var(_Node, tag=2):
    """A name bound in another scope of this module (or used out of the flow): any of its definitions."""

    scope: int
    name: str


class Free(_Node, tag=3):
    """A name that nothing in the module binds: a builtin, or the gift of a star import."""

    name: str


class Attr(_Node, tag=4):
    base: int
    name: str
    place: int


class Call(_Node, tag=5):
    """`args` are positional (a starred one is a `Star`); `**mapping` has the keyword name `**`."""

    func: int
    args: tuple[int, ...]
    keywords: tuple[tuple[str, int], ...]
    place: int


class Lit(_Node, tag=6):
    value: bool | int | float | str | None


class Opaque(_Node, tag=7):
    """A value of a builtin type (`str`, `bool`, ...), or of none that is known (the empty string)."""

    type: str


class Await(_Node, tag=8):
    value: int
    place: int


class Seq(_Node, tag=9):
    """A list, tuple or set display."""

    kind: str
    items: tuple[int, ...]


class Map(_Node, tag=10):
    """A dict display; the key of `**other` is `NONE`."""

    keys: tuple[int, ...]
    values: tuple[int, ...]


class Sub(_Node, tag=11):
    base: int
    index: int
    place: int


class Bin(_Node, tag=12):
    op: str
    left: int
    right: int
    place: int


class Choice(_Node, tag=13):
    """One of two values: `a if test else b`, or `a or b` (no `test`)."""

    items: tuple[int, ...]
    test: int = NONE


class Func(_Node, tag=14):
    scope: int


class Cls(_Node, tag=15):
    scope: int


class Import(_Node, tag=16):
    """`import module` (`name` None) or `from module import name`; `level` counts the leading dots."""

    module: str
    name: str | None
    level: int


class Param(_Node, tag=17):
    index: int


class Iter(_Node, tag=18):
    """An element of what `value` yields."""

    value: int
    is_async: bool


class Enter(_Node, tag=19):
    """What `with value` binds."""

    value: int
    is_async: bool


class Unpack(_Node, tag=20):
    value: int
    index: int


class Narrow(_Node, tag=21):
    """`value` where `isinstance(value, cls)` is known to hold (or known not to, if not `positive`)."""

    value: int
    cls: int
    positive: bool


class Phi(_Node, tag=22):
    """Definitions that meet at the head of a loop."""

    defs: tuple[int, ...]


class Comp(_Node, tag=23):
    """A comprehension: kind `list`, `set`, `dict` or `generator`; `key` only for dicts."""

    kind: str
    element: int
    key: int


class Star(_Node, tag=24):
    value: int


class Exc(_Node, tag=25):
    """What `except cls as name` binds."""

    cls: int


class Declared(_Node, tag=26):
    """`target: annotation = value`; `value` is NONE for a bare declaration."""

    value: int
    annotation: int


Expr = (
    Use | Var | Free | Attr | Call | Lit | Opaque | Await | Seq | Map | Sub | Bin | Choice | Func | Cls | Import | Param
    | Iter | Enter | Unpack | Narrow | Phi | Comp | Star | Exc | Declared
)  # fmt: skip


class EventKind:
    """What an event's `expr`, `value` and `name` mean for each kind.

    Plain numbers: up to Python 3.11 a member of an enumeration takes five times as long to look up (71 and 15 ns), and
    most of linking goes over events.
    """

    CALL: Final = 1  # expr: the Call; flag: it is awaited at once
    ATTR: Final = 2  # expr: the Attr that is loaded
    ENTER: Final = 3  # expr: the context manager; flag: async
    EXIT: Final = 4
    ITER: Final = 5  # expr: the iterable; flag: async
    AWAIT: Final = 6  # expr: the awaited expression
    STORE_ATTR: Final = 7  # expr: the base; name; value (NONE: deleted); flag: augmented
    STORE_ITEM: Final = 8  # expr: the base; value (NONE: deleted); flag: augmented
    REBIND: Final = 9  # name of a global or nonlocal; value; flag: augmented
    OP: Final = 10  # expr: a Bin; for `x in y` its left side is y
    ITEM: Final = 11  # expr: a Sub that is loaded
    YIELD: Final = 12  # expr: the yielded value or NONE; flag: `yield from`
    RETURN: Final = 13  # expr: the value or NONE
    LOAD: Final = 14  # expr: a Var of module or class level that is read
    TRUTH: Final = 15  # expr: what a condition tests
    RERAISE: Final = 16  # `raise` alone outside of any `except` of the function: what the caller handles
    BREAK: Final = 17  # leaves the loop around its region


class Event(_Plain):
    kind: int
    expr: int
    region: int
    place: int
    value: int = NONE
    name: str = ""
    flag: bool = False

    @property
    def pauses(self) -> bool:
        """Whether others may run here: an `await`, a `yield`, an async `with` or `for`."""
        if self.kind in (EventKind.AWAIT, EventKind.YIELD):
            return True
        return self.flag and self.kind in (EventKind.ENTER, EventKind.EXIT, EventKind.ITER)


class Region(_Plain):
    """A stretch of control flow inside `parent` (region 0 is the whole scope).

    Kinds: `loop` (for, while, comprehension; expr: what is iterated or tested), `if` and `else` (expr: the condition),
    `main` (under `if __name__ == "__main__"`), `try`, `except` (expr: the class), `finally`, `with` and `async-with`
    (expr: the context manager), `genexpr` (runs when something iterates it), `after` (what follows a
    `while` that only its condition ends; expr: the condition, which is false by then). `behind` says of an `else` that
    is not written so how the branch before it leaves: `raise`, or `exit` (`return`, `break`, `continue`).
    """

    parent: int
    kind: str
    expr: int
    behind: str = ""


class Def(_Plain):
    """A binding of `name` to the expression `value`, made in `region`."""

    name: str
    value: int
    region: int = 0


class ParamFacts(_Plain):
    """`kind` is `positional`, `normal`, `keyword`, `args` or `kwargs`; both indices point into the parent's `exprs`."""

    name: str
    kind: str
    annotation: int
    default: int


class Scope(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One scope's code. `decorators`, `returns`, `bases` and `keywords` point into the parent scope's `exprs`.

    `falls_through` says that control may come to its end without a `return`.
    """

    kind: str
    name: str
    qualname: str
    parent: int
    place: int
    exprs: tuple[Expr, ...]
    defs: tuple[Def, ...]
    events: tuple[Event, ...]
    regions: tuple[Region, ...]
    names: dict[str, tuple[int, ...]]
    is_async: bool = False
    is_generator: bool = False
    is_stub: bool = False
    params: tuple[ParamFacts, ...] = ()
    decorators: tuple[int, ...] = ()
    decorator_places: tuple[int, ...] = ()
    returns: int = NONE
    bases: tuple[int, ...] = ()
    keywords: tuple[tuple[str, int], ...] = ()
    falls_through: bool = True


class Rebind(_Plain):
    """A `global` or `nonlocal` assignment: `scope` binds `name` of `target` to its own expression `value`."""

    target: int
    name: str
    scope: int
    value: int


class StarImport(_Plain):
    """`from module import *`; it replaces names bound by the definitions numbered below `after`."""

    module: str
    level: int
    after: int


class LocalDiagnostic(_Plain):
    """What a node rule found: the place and the message."""

    code: str
    place: int
    message: str


class Place(_Plain):
    """1-based rows and columns; the end is exclusive."""

    row: int
    column: int
    end_row: int
    end_column: int


class PlaceTable:
    """The places of a module by number, packed: 16 bytes each, where an object with its numbers takes 130."""

    __slots__ = ("_packed",)
    _ONE = struct.Struct("<4I")

    def __init__(self, packed: bytes) -> None:
        self._packed = packed

    @classmethod
    def pack(cls, places: Iterable[Place]) -> bytes:
        """The other way round: what `ModuleFacts.packed_places` holds."""
        return b"".join(cls._ONE.pack(one.row, one.column, one.end_row, one.end_column) for one in places)

    def __len__(self) -> int:
        return len(self._packed) // self._ONE.size

    def __getitem__(self, number: int) -> Place:
        if not 0 <= number < len(self):
            raise IndexError(number)
        return Place(*self._ONE.unpack_from(self._packed, number * self._ONE.size))

    def __iter__(self) -> Iterator[Place]:
        return (Place(*one) for one in self._ONE.iter_unpack(self._packed))


class ModuleFacts(msgspec.Struct, frozen=True, array_like=True):
    """Everything that later phases may know of a file. `scopes[0]` is the module itself.

    `names_pooler` says that the text, comments and all, names a pooler that stands before the database (PgBouncer).
    `unreached` are the names, sorted, that code reads which cannot be reached.
    """

    scopes: tuple[Scope, ...]
    packed_places: bytes
    rebinds: tuple[Rebind, ...] = ()
    star_imports: tuple[StarImport, ...] = ()
    exported: tuple[str, ...] | None = None
    diagnostics: tuple[LocalDiagnostic, ...] = ()
    names_pooler: bool = False
    unreached: tuple[str, ...] = ()

    @property
    def places(self) -> PlaceTable:
        """The places that everything else names by number."""
        return PlaceTable(self.packed_places)
