"""The catalogue as the project model asks it: type expressions become types, qualified names become entries."""

from __future__ import annotations

import msgspec

from fastapi_lint.catalogue import CallSpec, Catalogue, TypeSpec
from fastapi_lint.project.types.described import Described
from fastapi_lint.project.types.values import (
    ClassV,
    ExternalV,
    ExtInstanceV,
    ExtMemberV,
    FunctionV,
    InstanceV,
    MethodV,
    TupleV,
    Type,
    Value,
    WrappedV,
    union,
)

_BUILTIN = frozenset(
    {
        "str",
        "bytes",
        "int",
        "float",
        "bool",
        "list",
        "dict",
        "set",
        "frozenset",
        "tuple",
        "object",
        "slice",
        "bytearray",
    }
)

SESSIONS = (
    "sqlalchemy.orm.Session",
    "sqlalchemy.ext.asyncio.AsyncSession",
    "sqlalchemy.Connection",
    "sqlalchemy.ext.asyncio.AsyncConnection",
)
CONNECTIONS = (
    "MySQLdb.connections.Connection",
    "aiomysql.Connection",
    "asyncpg.Connection",
    "mysql.connector.abstracts.MySQLConnectionAbstract",
    "oracledb.AsyncConnection",
    "oracledb.Connection",
    "psycopg.AsyncConnection",
    "psycopg.Connection",
    "psycopg2.extensions.connection",
    "pymysql.connections.Connection",
    "pyodbc.Connection",
)

_WITH_ITEMS = frozenset({"builtins", "collections", "typing"})
_ITERATION = frozenset({"__iter__", "__next__"})


class Libraries:
    """What the catalogue says about values."""

    def __init__(self, catalogue: Catalogue, described: Described | None = None) -> None:
        self.catalogue = catalogue
        self._described = described or {}
        self._parsed: dict[str, Type] = {}
        self._called: dict[str, CallSpec | None] = {}

    def external(self, name: str) -> ExternalV:
        """A library's symbol under its canonical name."""
        return ExternalV(self.catalogue.canonical(name))

    def instance(self, name: str, args: tuple[Type, ...] = ()) -> ExtInstanceV:
        """An instance of a library's type, under its canonical name."""
        return ExtInstanceV(self.catalogue.canonical(name), args)

    def type(self, name: str) -> TypeSpec | None:
        return self.catalogue.type(name)

    def call_spec(self, value: Value) -> tuple[CallSpec | None, str]:
        """The entry for calling `value`, and the qualified name to show."""
        if type(value) is ExternalV:
            if value.name not in self._called:
                self._called[value.name] = self._external_spec(value.name)
            return self._called[value.name], value.name
        if type(value) is ExtMemberV:
            return self.catalogue.method(value.name, value.path), _qualified(value)
        if type(value) is ExtInstanceV:
            return self.catalogue.method(value.name, "__call__"), value.name
        return self._own_spec(value) if self._described else (None, "")

    def _external_spec(self, name: str) -> CallSpec | None:
        """What is said of a function, a class or a method of a library."""
        spec = self.catalogue.function(name)
        if spec is None and self.catalogue.type(name) is not None:
            spec = self.catalogue.method(name, "__init__")
        owner, _, member = name.rpartition(".")
        if spec is None and owner and self.catalogue.type(owner) is not None:
            return self.catalogue.method(owner, member)
        return spec

    def shown(self, name: str) -> str:
        """A qualified name as messages say it: what has no public name goes by what gives it."""
        owner, _, member = name.rpartition(".")
        while owner:
            kind = self.catalogue.type(owner)
            if kind is not None:
                if kind.shown is None:
                    return name
                return kind.shown if member in _ITERATION else f"{kind.shown}.{member}"
            owner, _, last = owner.rpartition(".")
            member = f"{last}.{member}"
        return name

    def _own_spec(self, value: Value) -> tuple[CallSpec | None, str]:
        """What is said of a function whose source is at hand."""
        if type(value) is MethodV or type(value) is WrappedV:
            value = value.function
        if type(value) is FunctionV or type(value) is ClassV:
            return self._described.get(value.gid, (None, ""))
        return None, ""

    def member(self, value: ExtInstanceV, name: str) -> Type:
        """An attribute of an instance of a library's type."""
        for kind in self.catalogue.mro(value.name):
            declared = kind.attributes.get(name)
            if declared is not None:
                return self.read(declared, (value,))
        return (ExtMemberV(value.name, name, args=value.args),)

    def read(self, text: str, receiver: Type = ()) -> Type:
        """The type that a type expression of the catalogue means; `Self` is the receiver."""
        if "Self" in text:
            return self._parse(text, receiver)
        known = self._parsed.get(text)
        if known is None:
            known = self._parsed[text] = self._parse(text, ())
        return known

    def _parse(self, text: str, receiver: Type) -> Type:
        return union(self._parse_one(part.strip(), receiver) for part in _split(text, "|"))

    def _parse_one(self, text: str, receiver: Type) -> Type:
        if text == "Self":
            return receiver
        if text in ("None", "Any", "", "typing.Any"):
            return ()
        head, bracket, rest = text.partition("[")
        args = tuple(self._parse(part, receiver) for part in _split(rest[:-1], ",")) if bracket else ()
        if head == "tuple" and args:
            return (TupleV(args),)
        if head == "type":
            return tuple(ExternalV(value.name) for value in args[0] if isinstance(value, ExtInstanceV)) if args else ()
        return (self.instance(f"builtins.{head}" if head in _BUILTIN else head, args),)

    def is_plain_object(self, name: str) -> bool:
        """Whether nothing says that an instance of a library's type holds items, of which there may be none."""
        if name.partition(".")[0] in _WITH_ITEMS:
            return False
        return all(kind.item is None for kind in self.catalogue.mro(name))

    def is_a(self, value: Value, base: str) -> bool:
        """Whether a library instance is of the catalogued type `base` or of one derived from it."""
        return isinstance(value, ExtInstanceV) and self.catalogue.is_subtype(value.name, base)


def _qualified(member: ExtMemberV) -> str:
    """The name of a method; what is iterated is called by the function that gave it, as are other methods of that."""
    owner = member.name.removesuffix(".results")
    if owner == member.name:
        return f"{owner}.{member.path}"
    return owner if member.path.startswith("__") else f"{owner}().{member.path}"


def receiver_type(value: Value) -> Type:
    """What `Self` means for a member: the first-party object that inherited it, else the library's."""
    if isinstance(value, ExtMemberV):
        if isinstance(value.receiver, ClassV):
            return (InstanceV(value.receiver.gid),)
        if value.receiver is not None:  # a copy (`model_copy(update=...)`) may have other fields
            own = value.receiver.gid
            return (
                msgspec.structs.replace(value.receiver, given=tuple(g for g in value.receiver.given if g[0] != own)),
            )
        return (ExtInstanceV(value.name, value.args),)
    if isinstance(value, ExternalV):
        return (ExtInstanceV(value.name.rpartition(".")[0]),)
    if isinstance(value, MethodV):
        return (InstanceV(value.receiver.gid),)
    return (value,)


def _split(text: str, separator: str) -> list[str]:
    """Splits at the separators that stand outside of brackets."""
    parts, level, start = [], 0, 0
    for number, char in enumerate(text):
        level += (char == "[") - (char == "]")
        if char == separator and level == 0:
            parts.append(text[start:number].strip())
            start = number + 1
    return [*parts, text[start:].strip()]
