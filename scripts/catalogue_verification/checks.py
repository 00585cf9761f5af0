"""Asks the resolver for every name of the catalogue, and notes what it answers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from catalogue_verification.entities import best, firm, is_async
from catalogue_verification.resolver import Resolver
from catalogue_verification.settings import Allowed
from catalogue_verification.tables import Class, Entity, Opaque
from fastapi_lint.catalogue import CallSpec, Library, TypeSpec, with_twin

_NAME = re.compile(r"[A-Za-z_]\w*(?:\.\w+)+")


# What Python calls where a class has no such method.
_FALLBACKS = {"__iter__": ("__getitem__",), "__contains__": ("__iter__", "__getitem__")}


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
        yield from _type_questions(kind, library.alias)


def _certainly_blocks(spec: CallSpec) -> bool:
    return spec.blocks is not None and spec.decorates is None


def _type_questions(kind: TypeSpec, modules: dict[str, str]) -> Iterator[Question]:
    for name in (kind.name, *kind.aliases):
        yield Question(name)
    elsewhere = [
        old + name[len(new) :]
        for name in (kind.name, *kind.aliases)
        for old, new in modules.items()
        if name.startswith(f"{new}.")
    ]
    owners = (kind.name, *kind.aliases, *elsewhere)
    for name in (*kind.attributes, *kind.closed_by, *kind.expires):
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
    for name in spec.names:
        twin = with_twin(spec, name).twin if "*" not in name else None
        if twin is not None:
            yield Question(twin, f"twin of `{name if twin != spec.twin else spec.names[0]}`")


class Verifier:
    """Verifies one library in the versions of it that were looked at."""

    def __init__(self, versions: Iterable[Version], exceptions: Allowed, blocking: Allowed) -> None:
        """`exceptions` need not be found; `blocking` are coroutine functions that block nevertheless."""
        self._versions = tuple(versions)
        self._exceptions = exceptions
        self._blocking = blocking

    def verify(self, library: Library) -> list[Finding]:
        asked = dict.fromkeys(questions(library))
        if not self._versions:
            return [Finding(item.name, Status.SOFT, "the index has no wheel of it", item.role) for item in asked]
        return [self._answer(question) for question in asked]

    def _answer(self, question: Question) -> Finding:
        unsure: Entity | None = None
        for version in self._versions:
            candidates = list(self._candidates(version.resolver, question))
            certain = firm(candidates)
            if certain:
                label = "" if version is self._versions[0] else version.label
                return Finding(question.name, self._status(question, certain), label, question.role)
            unsure = unsure or best(candidates)
        reason = self._exceptions.reason(question.name)
        if reason is not None:
            return Finding(question.name, Status.EXCEPTED, reason, question.role)
        if isinstance(unsure, Opaque):
            return Finding(question.name, Status.SOFT, unsure.reason, question.role)
        return Finding(question.name, Status.MISSING, "", question.role)

    def _status(self, question: Question, certain: list[Entity]) -> Status:
        if question.blocks and is_async(certain) and self._blocking.reason(question.name) is None:
            return Status.ASYNC
        return Status.PROVED

    def _candidates(self, resolver: Resolver, question: Question) -> Iterator[Entity]:
        return self._members(resolver, question) if question.owners else resolver.candidates(question.name)

    def _members(self, resolver: Resolver, question: Question) -> Iterator[Entity]:
        known = False
        for owner in question.owners:
            for entity in resolver.candidates(owner):
                for instance in resolver.instances(entity):
                    known = True
                    yield from _member_paths(resolver, instance, question.path.split("."))
                if not known and not isinstance(entity, Class):
                    yield Opaque(
                        "the type is made by a call, or a function gives it and does not say of what type it is"
                    )


def _member_paths(resolver: Resolver, start: Entity, path: list[str]) -> Iterator[Entity]:
    """A `*` is proved by any public member that the rest of the path can follow."""
    if "*" not in path or isinstance(start, Opaque):
        yield from resolver.walk(start, path)
        for instead in _FALLBACKS.get(path[0], ()) if len(path) == 1 else ():
            yield from resolver.walk(start, [instead])
        return
    star = path.index("*")
    for entity in resolver.walk(start, path[:star]):
        yield from resolver.made_at_run_time(entity)
        for instance in resolver.instances(entity):
            if isinstance(instance, Class):
                for name in resolver.public_members(instance):
                    yield from _member_paths(resolver, instance, [name, *path[star + 1 :]])
            elif isinstance(instance, Opaque):
                yield instance
