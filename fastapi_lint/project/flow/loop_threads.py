"""Is an event loop one that the project has made for itself, and that a thread of its own runs?

`self._loop = asyncio.new_event_loop()`, and `threading.Thread(target=self._run)` with `self._loop.run_forever()` in
`_run`: the same for a loop that a module makes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fastapi_lint.facts import NONE, Attr, Call, Declared, Lit, Var
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.types.values import ExternalV, InstanceV

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_MAKER, _THREAD = ExternalV("asyncio.new_event_loop"), ExternalV("threading.Thread")


def is_own_loop(inference: Inference, frame: Frame, expr: int) -> bool:
    """Whether all that an attribute or a module's variable ever holds is such a loop."""
    found = _values(inference, frame, expr)
    made = [(where, value) for where, value in found if where.scope.exprs[value] != Lit(None)]
    node = frame.scope.exprs[expr]
    name = node.name if isinstance(node, (Attr, Var)) else ""
    return bool(made) and all(_is_new(inference, *one) for one in made) and _has_thread(inference, frame.gid, name)


def _values(inference: Inference, frame: Frame, expr: int) -> Iterator[tuple[Frame, int]]:
    """All that is stored in an attribute of one object, or bound to a name of the module."""
    node, index = frame.scope.exprs[expr], inference.index
    if isinstance(node, Attr):
        kinds = [kind for kind in inference.type(frame, node.base) if isinstance(kind, InstanceV)]
        if len(kinds) == 1 and not inference.classes.stored_outside(InstanceV(kinds[0].gid), node.name):
            for site in inference.classes.stored(kinds[0].gid, node.name):
                yield inference.plain_frame(site.gid), site.expr
    elif isinstance(node, Var):
        owner = index.local(frame.gid, node.scope)
        scope, rebound = index.scope(owner), index.rebinds.get((owner, node.name), ())
        for site in rebound:
            yield inference.plain_frame(site.gid), site.expr
        for number in scope.names.get(node.name, ()) if scope.kind == "module" else ():
            yield inference.plain_frame(owner), scope.defs[number].value


def _is_new(inference: Inference, frame: Frame, expr: int) -> bool:
    node = frame.scope.exprs[expr]
    if isinstance(node, Declared) and node.value != NONE:
        node = frame.scope.exprs[node.value]
    return isinstance(node, Call) and inference.type(frame, node.func) == (_MAKER,)


def _has_thread(inference: Inference, gid: int, loop: str) -> bool:
    """Whether code of the same module has a thread run a loop of this name, itself or in a function of that module."""
    index, module = inference.index, inference.index.module(gid)
    for site in index.call_sites("Thread"):
        if index.module(site.gid) is not module:
            continue
        frame = inference.plain_frame(site.gid)
        node = frame.scope.exprs[site.expr]
        if not isinstance(node, Call) or inference.type(frame, node.func) != (_THREAD,):
            continue
        for target in (value for name, value in node.keywords if name == "target"):
            if _runs(inference, frame, target, loop):
                return True
    return False


def _runs(inference: Inference, frame: Frame, target: int, loop: str) -> bool:
    """Whether what a thread is given is the loop's method, or a function that calls it."""
    index = inference.index
    if _is_running(inference, frame.gid, target, loop):
        return True
    name, module = index.spelled(frame.gid, target), index.module(frame.gid)
    for site in index.call_sites("run_forever"):
        scope = index.scope(site.gid)
        node = scope.exprs[site.expr]
        if index.module(site.gid) is module and scope.name == name and isinstance(node, Call):
            if _is_running(inference, site.gid, node.func, loop):
                return True
    return False


def _is_running(inference: Inference, gid: int, expr: int, loop: str) -> bool:
    node = inference.index.scope(gid).exprs[expr]
    return isinstance(node, Attr) and node.name == "run_forever" and inference.index.spelled(gid, node.base) == loop
