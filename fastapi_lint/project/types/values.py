"""What an expression may stand for: functions, classes, instances, modules, of the project or of libraries.

A type is a tuple of such values: the expression is one of them. The empty tuple means that nothing is known, and what
is unknown stays silent. First-party scopes are named by their global number (`gid`).
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec


class _Value(msgspec.Struct, frozen=True, cache_hash=True, gc=False):
    pass


class ModuleV(_Value):
    """A first-party module or namespace package, by its path relative to the project root, without a suffix."""

    path: str


class ExternalV(_Value):
    """A library's module, function or class, by qualified name."""

    name: str


class FunctionV(_Value):
    """A first-party function.

    `bound` gives parameters of the functions around it that are known where it was made: (gid, index, type);
    `receiver` is the `self` or `cls` that it captured from a method around it.
    """

    gid: int
    bound: tuple[tuple[int, int, tuple[Value, ...]], ...] = ()
    receiver: InstanceV | ClassV | None = None


class ClassV(_Value):
    gid: int


class InstanceV(_Value):
    """An instance of a first-party class.

    `given` is what its constructor was given for the parameters that it keeps, as in a frame; empty for any instance.
    `site` is the scope and the place of the constructor call, where instances are told apart by it.
    """

    gid: int
    given: tuple[tuple[int, int, tuple[Value, ...]], ...] = ()
    site: tuple[int, int] | None = None


class MethodV(_Value):
    """A first-party function bound to a receiver (an instance or a class)."""

    function: FunctionV
    receiver: InstanceV | ClassV


class ExtInstanceV(_Value):
    """An instance of a library's type; `args` are type arguments (`list[X]`, `dict[K, V]`)."""

    name: str
    args: tuple[tuple[Value, ...], ...] = ()


class ExtMemberV(_Value):
    """A member of a library's type, reached from an instance or class: `path` is a method name or a dotted path.

    `receiver` is the first-party class or instance that inherited it, if any.
    """

    name: str
    path: str
    receiver: InstanceV | ClassV | None = None
    args: tuple[tuple[Value, ...], ...] = ()


class CoroutineV(_Value):
    """What calling an async function gives; awaiting it gives `result`."""

    function: FunctionV | MethodV | None
    result: tuple[Value, ...]


class GeneratorV(_Value):
    """What calling a first-party generator function gives: its body runs when something iterates."""

    function: FunctionV | MethodV
    item: tuple[Value, ...]
    is_async: bool


class ContextV(_Value):
    """What calling a function under `@contextmanager` gives: its body runs on enter and exit."""

    function: FunctionV | MethodV
    item: tuple[Value, ...]
    is_async: bool


class TupleV(_Value):
    items: tuple[tuple[Value, ...], ...]


class PartialV(_Value):
    """`functools.partial(function, ...)`; `given` counts the positional arguments that it holds.

    `names` are those of its keyword arguments, `**` where it spreads any, and `bound` is what is known of all of them.
    """

    function: Value
    given: int = 0
    names: frozenset[str] = frozenset()
    bound: tuple[tuple[int, int, tuple[Value, ...]], ...] = ()


class SuperV(_Value):
    """`super()` inside a method of class `gid`, with the receiver that the method runs for."""

    gid: int
    receiver: InstanceV | ClassV


class PropertyV(_Value):
    """A property before it is looked up on an instance."""

    function: FunctionV


class LiteralV(_Value):
    """A constant that a call site is known to pass: True, False, None, a string, a member of the enumeration `of`."""

    value: bool | str | None
    of: int = -1


class KeywordsV(_Value):
    """What `**kwargs` holds, of the names that the function asks it for."""

    names: frozenset[str]


class PresentV(_Value):
    """Whatever it is, it is known not to be None, and to be a text that starts with `prefix` if there is one."""

    prefix: str = ""


class HandedV(_Value):
    """What `*args` and `**kwargs` of a wrapper bring to the function `gid` behind it, to which it hands them on."""

    gid: int
    bound: tuple[tuple[int, int, tuple[Value, ...]], ...]


class WrappedV(_Value):
    """A function that a decorator changed: `how` is `offloads`, `contextmanager` or `static`/`class` (method kinds)."""

    function: FunctionV
    how: str


Value = (
    ModuleV | ExternalV | FunctionV | ClassV | InstanceV | MethodV | ExtInstanceV | ExtMemberV
    | CoroutineV | GeneratorV | ContextV | TupleV | PartialV | SuperV | PropertyV | WrappedV | LiteralV
    | PresentV | KeywordsV | HandedV
)  # fmt: skip
Type = tuple[Value, ...]

UNKNOWN: Type = ()
MOST_ALTERNATIVES = 12
"""A type with more members than this says too little to be worth following."""


def union(types: Iterable[Type]) -> Type:
    """One of several types; members keep their order, so that results do not depend on hashing."""
    first: Type = ()
    members: dict[Value, None] | None = None
    for kind in types:
        if not kind or kind is first:
            continue
        if not first:
            first = kind  # most often there is just one, and nothing to merge
            continue
        if members is None:
            members = dict.fromkeys(first)
        members.update(dict.fromkeys(kind))
    found = first if members is None else tuple(members)
    return found if len(found) <= MOST_ALTERNATIVES else _narrowed(found)


def _narrowed(kind: Type) -> Type:
    """The first members, after instances of one class that were made differently have become one."""
    members = dict.fromkeys(InstanceV(value.gid) if isinstance(value, InstanceV) else value for value in kind)
    return tuple(members)[:MOST_ALTERNATIVES]


def is_deeper(value: object, limit: int) -> bool:
    """Whether a value nests more than `limit` levels; bounds what may be bound to parameters, so that recursion ends.

    It stops at the first way down that is too long: of `pair = pair, pair`, written n times, there are 2**n.
    """
    if isinstance(value, tuple):
        return any(is_deeper(part, limit) for part in value)
    if isinstance(value, msgspec.Struct):
        return limit <= 0 or any(is_deeper(getattr(value, name), limit - 1) for name in value.__struct_fields__)
    return False
