"""In which branches does an object name a method of its own, to hand it out or to call it?

`submit = self._stream if self.is_generator else self._submit`: where nothing else names `_submit`, it runs only for
objects whose flag does not hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from fastapi_lint.facts import NONE, Attr, Call, EventKind, Region, Scope
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.regions import branches

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference


class Mention(msgspec.Struct, frozen=True):
    """The scope that names a method, and the branches that it stands in there."""

    gid: int
    around: tuple[Region, ...]


def method_mentions(inference: Inference, frame: Frame) -> tuple[Mention, ...]:
    """Every place that names the method that a frame runs; none where others than the object itself may name it."""
    index = inference.index
    owner = index.class_of(frame.gid)
    found: list[Mention] = []
    for gid in index.reading((frame.scope.name,)) if owner != NONE else ():
        scope = index.scope(gid)
        for number, node in enumerate(scope.exprs):
            if not isinstance(node, Attr) or node.name != frame.scope.name or _is_foreign(inference, gid, node, owner):
                continue
            if not index.is_receiver(gid, node.base):
                return ()
            found.append(Mention(gid, tuple(branches(scope, _region(scope, number)))))
    return tuple(found)


def _is_foreign(inference: Inference, gid: int, node: Attr, owner: int) -> bool:
    """Whether what is named is sure to belong to no object that has the methods of a class."""
    return inference.classes.are_others(inference.type(inference.plain_frame(gid), node.base), owner)


def _region(scope: Scope, expr: int) -> int:
    """Where an attribute is read, to keep it or to call it."""
    for event in scope.events:
        node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
        if (event.kind == EventKind.ATTR and event.expr == expr) or (isinstance(node, Call) and node.func == expr):
            return event.region
    return NONE
