"""Is what a call reads or writes set not to block, by the same function or by its object?

`os.set_blocking(self._fd, False)`, then `os.read(self._fd, 1024)`; `sock.setblocking(False)`, then `sock.recv(1024)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi_lint.facts import NONE, Attr, Call, Lit
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.index import Site
from fastapi_lint.project.code.spelling import is_receiver, same
from fastapi_lint.project.types.values import ExternalV

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_SET_BLOCKING = ExternalV("os.set_blocking")


def is_set_not_to_block(inference: Inference, frame: Frame, node: Call) -> bool:
    """Whether the descriptor, or the socket, of a call is one that never makes its caller wait."""
    func = frame.scope.exprs[node.func]
    if node.args and any(_is_same(inference, frame, node.args[0], site) for site in _descriptors(inference)):
        return True
    if not isinstance(func, Attr):
        return False
    return any(_is_same(inference, frame, func.base, site) for site in _sockets(inference))


def _descriptors(inference: Inference) -> list[Site]:
    found = []
    for site in inference.index.call_sites("set_blocking"):
        node = inference.index.scope(site.gid).exprs[site.expr]
        if isinstance(node, Call) and len(node.args) == 2 and _is_false(inference, site.gid, node.args[1]):
            if _SET_BLOCKING in inference.type(inference.plain_frame(site.gid), node.func):
                found.append(Site(site.gid, node.args[0]))
    return found


def _sockets(inference: Inference) -> list[Site]:
    found = []
    for site in inference.index.call_sites("setblocking"):
        scope = inference.index.scope(site.gid)
        node = scope.exprs[site.expr]
        func = scope.exprs[node.func] if isinstance(node, Call) else None
        if isinstance(node, Call) and isinstance(func, Attr) and node.args:
            if _is_false(inference, site.gid, node.args[0]):
                found.append(Site(site.gid, func.base))
    return found


def _is_false(inference: Inference, gid: int, expr: int) -> bool:
    node = inference.index.scope(gid).exprs[expr]
    return isinstance(node, Lit) and not node.value


def _is_same(inference: Inference, frame: Frame, expr: int, site: Site) -> bool:
    """Whether an expression names what a call in the same function, or in a method of the same class, was given."""
    if site.gid == frame.gid and same(frame.scope, expr, site.expr):
        return True
    index = inference.index
    mine, its = frame.scope.exprs[expr], index.scope(site.gid).exprs[site.expr]
    if not isinstance(mine, Attr) or not isinstance(its, Attr) or mine.name != its.name:
        return False
    if not is_receiver(frame.scope, mine.base) or not is_receiver(index.scope(site.gid), its.base):
        return False
    owner, other = index.class_of(frame.gid), index.class_of(site.gid)
    return NONE not in (owner, other) and other in inference.classes.mro(owner)
