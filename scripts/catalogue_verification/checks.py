"""Asks the resolver for every name of the catalogue, and notes what it answers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from catalogue_verification.resolver import Resolver, best, is_async
from catalogue_verification.settings import Allowed
from catalogue_verification.tables import Class, Entity, Opaque
from fastapi_lint.catalogue import CallSpec, Library, TypeSpec

_NAME = re.compile(r"[A-Za-z_]\w*(?:\.\w+)+")


class Status(Enum):
    PROVED = "proved"
    SOFT = "not provable statically"
    EXCEPTED = "excepted"
    MISSING = "NOT FOUND"
    ASYNC = "a coroutine, listed with `blocks`"


@dataclass(frozen=True)
class Finding:
    name: str
    status: Status
    reason: str = ""
    # what the name is: an entry, or a reference from one (a twin, a returned type, a base)
    role: str = "entry"


@dataclass(frozen=True)
class Version:
    """One way to see a library: its current distributions, or an older one of them."""

    label: str
    resolver: Resolver


@dataclass(frozen=True)
class Question:
    name: str
    role: str = "entry"
    blocks: bool = False
    # the type that the name is a member of, by all its names, and the path from its instance
    owners: tuple[str, ...] = ()
    path: str = ""


def questions(library: Library) -> Iterator[Question]:
    for old, new in library.alias.items():
        yield Question(old, "alias of a module")
        yield Question(new, "target of an alias")
    for spec in library.function:
        for name in spec.names:
            yield Question(name, blocks=_certainly_blocks(spec))
        yield from _references(spec)
    for kind in library.type:
        yield from _type_questions(kind)


def _certainly_blocks(spec: CallSpec) -> bool:
    return spec.blocks is not None and spec.decorates is None


def _type_questions(kind: TypeSpec) -> Iterator[Question]:
    owners = (kind.name, *kind.aliases)
    for name in owners:
        yield Question(name)
    for name in kind.attributes:
        yield Question(f"{kind.name}.{name}", owners=owners, path=name)
    for text in (*kind.attributes.values(), *kind.bases, kind.item, kind.enter, kind.awaited):
        yield from (Question(name, f"referred to by `{kind.name}`") for name in _NAME.findall(text or ""))
    for spec in kind.call:
        for name in spec.names:
            yield Question(f"{kind.name}.{name}", blocks=_certainly_blocks(spec), owners=owners, path=name)
        yield from _references(spec)


def _references(spec: CallSpec) -> Iterator[Question]:
    for name in _NAME.findall(spec.returns or ""):
        yield Question(name, f"returned by `{spec.names[0]}`")
    if spec.twin is not None:  # a remark may follow the name
        yield Question(spec.twin.partition(" ")[0], f"twin of `{spec.names[0]}`")


class Verifier:
    """Verifies one library in the versions of it that were looked at."""

    def __init__(self, versions: Iterable[Version], exceptions: Allowed, blocking: Allowed) -> None:
        """`exceptions` need not be found; `blocking` are coroutine functions that block nevertheless."""
        self._versions = tuple(versions)
        self._exceptions = exceptions
        self._blocking = blocking

    def verify(self, library: Library) -> list[Finding]:
        asked = dict.fromkeys(questions(library))
        return [self._answer(question) for question in asked]

    def _answer(self, question: Question) -> Finding:
        found: Entity | None = None
        for version in self._versions:
            entity = self._entity(version.resolver, question)
            if entity is not None and not isinstance(entity, Opaque):
                label = "" if version is self._versions[0] else version.label
                return self._firm(question, entity, label)
            found = found or entity
        reason = self._exceptions.reason(question.name)
        if reason is not None:
            return Finding(question.name, Status.EXCEPTED, reason, question.role)
        if isinstance(found, Opaque):
            return Finding(question.name, Status.SOFT, found.reason, question.role)
        return Finding(question.name, Status.MISSING, "", question.role)

    def _firm(self, question: Question, entity: Entity, label: str) -> Finding:
        if question.blocks and is_async(entity) and self._blocking.reason(question.name) is None:
            return Finding(question.name, Status.ASYNC, label, question.role)
        return Finding(question.name, Status.PROVED, label, question.role)

    def _entity(self, resolver: Resolver, question: Question) -> Entity | None:
        if not question.owners:
            return resolver.find(question.name)
        return best(self._members(resolver, question))

    def _members(self, resolver: Resolver, question: Question) -> Iterator[Entity]:
        known = False
        for owner in question.owners:
            for entity in resolver.candidates(owner):
                for instance in resolver.instances(entity):
                    known = True
                    yield from _member_paths(resolver, instance, question.path.split("."))
                if not known and not isinstance(entity, Class):
                    yield Opaque("the type is made by a call, or a function gives it and does not say of what type it is")


def _member_paths(resolver: Resolver, start: Entity, path: list[str]) -> Iterator[Entity]:
    """A `*` is proved by any public member that the rest of the path can follow."""
    if "*" not in path or isinstance(start, Opaque):
        yield from resolver.walk(start, path)
        if path == ["__iter__"]:
            yield from resolver.walk(start, ["__getitem__"])
        return
    star = path.index("*")
    for entity in resolver.walk(start, path[:star]):
        for instance in resolver.instances(entity):
            if isinstance(instance, Class):
                for name in resolver.public_members(instance):
                    yield from _member_paths(resolver, instance, [name, *path[star + 1 :]])
            elif isinstance(instance, Opaque):
                yield instance
