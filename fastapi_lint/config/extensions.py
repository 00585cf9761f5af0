"""The user's own library knowledge: shorthand tables become entries of the catalogue's shape."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from fastapi_lint.catalogue import CallSpec, Entry, Library, TypeSpec
from fastapi_lint.config.options import Blocking, EntryPoint, Offload, Options, Safe

T = TypeVar("T", Blocking, Offload, Safe)


def libraries(options: Options) -> tuple[Library, ...]:
    """The `library` entries as they are, and one library made of the shorthands."""
    functions: list[CallSpec] = []
    methods: dict[str, list[CallSpec]] = {}
    for kind, spec in _calls(options):
        if kind is None:
            functions.append(spec)
        else:
            methods.setdefault(kind, []).append(spec)
    given = options.library or ()
    if not functions and not methods:
        return given
    return (*given, _own(functions, methods))


def _calls(options: Options) -> Iterable[tuple[str | None, CallSpec]]:
    for blocking in _tables(options.blocking, Blocking):
        yield blocking.type, CallSpec(names=blocking.names, blocks=blocking.kind, twin=blocking.twin)
    for offload in _tables(options.offload, Offload):
        if offload.decorator:
            yield offload.type, CallSpec(names=offload.names, decorates="offloads")
        else:
            yield offload.type, CallSpec(names=offload.names, offloads=offload.args)
    for safe in _tables(options.safe, Safe):
        yield safe.type, CallSpec(names=safe.names)
    for point in options.entry_points or ():
        yield point.type, CallSpec(names=point.names, entry=_entry(point))


def _entry(point: EntryPoint) -> Entry:
    """What is registered by no argument is registered by decoration."""
    decorator = not point.args if point.decorator is None else point.decorator
    return Entry(kind=point.kind, args=point.args, decorator=decorator, where=point.where)


def _tables(items: Iterable[T | str] | None, shape: type[T]) -> Iterable[T]:
    """A bare string stands for a table with only that name."""
    return [shape(names=(item,)) if isinstance(item, str) else item for item in items or ()]


def _own(functions: list[CallSpec], methods: Mapping[str, list[CallSpec]]) -> Library:
    names = [name for spec in functions for name in spec.names] + list(methods)
    roots = dict.fromkeys(name.split(".")[0] for name in names)
    kinds = tuple(TypeSpec(name=kind, call=tuple(specs)) for kind, specs in methods.items())
    return Library(name="configuration", modules=tuple(roots), function=tuple(functions), type=kinds)
