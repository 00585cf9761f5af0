"""Trees without validation.

Most of the time of `libcst.parse_module` goes into building node objects: a frozen dataclass's `__init__` and a
`__post_init__` that validates what the parser has just checked. The native parser looks the node classes up on the
`libcst` module while it converts, so that for the time of one parse they can be replaced there by functions that fill
the slots of a real node and nothing else. The trees are equal to the normal ones (`tests/test_cheap_nodes.py` compares
them in depth); measured, a parse takes about 0.6 of the time.

This leans on LibCST's internals. So it is tried on a sample first, and where anything differs (another version of
LibCST) parsing goes the normal way.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import libcst as cst

# Every kind of statement and many kinds of expression, to see whether the shortcut works with the installed LibCST.
_SAMPLE = '''"""doc"""
from __future__ import annotations
import os.path as p, sys
from . import (a, b as c,)
@d(1, *e, k=2, **f)
async def g(x: int = 1, /, y="s", *args, z: "T" = None, **kw) -> None:
    global h
    async with i as j, k: await l
    async for m in n: yield m
    else: pass
    return lambda q, *r: (q if r else -q) + 1.5 // 2 and not q or q in r is not None
class S(T, metaclass=U):
    v: int = 3; w += 1; del w
    while v < 1 <= 2: break
    for x, *y in [*z, {1, 2}, {"a": 1, **b}]: continue
    try: raise E from None
    except (A, B) as e: assert e, f"{e!r:>{w}} {x=}"
    finally: x[1:2, ..., ::3] = [i for i in j if k], {i: j for i in j}, (i async for i in j)
if (n := 10) > 5: print("x" "y", b"", 1j, x.y.z(*a)(b))
elif x: ...
else:
\tpass
match x:
    case [A(b=1), *_] | {"k": v, **r} if y: pass
    case None: pass
'''

_lock = threading.Lock()


def parse_module(text: str) -> cst.Module:
    """Like `libcst.parse_module`; only what its node classes check beyond the grammar is let through."""
    builders = _builders()
    if not builders:
        return cst.parse_module(text)
    with _lock:
        return _parse_with(builders, text)


@lru_cache(maxsize=1)
def _builders() -> dict[str, Callable[..., Any]]:
    """A builder for each node class by name; empty where the shortcut does not work."""
    try:
        found = {
            name: _builder(kind)
            for name, kind in vars(cst).items()
            if isinstance(kind, type) and issubclass(kind, cst.CSTNode) and dataclasses.is_dataclass(kind)
        }
        with _lock:
            built = _parse_with(found, _SAMPLE)
        if built.code == _SAMPLE and built.deep_equals(cst.parse_module(_SAMPLE)):
            return found
    except Exception:  # noqa: BLE001 - whatever goes wrong in another version, the normal way remains
        pass
    return {}


def _parse_with(builders: dict[str, Callable[..., Any]], text: str) -> cst.Module:
    module = vars(cst)
    kinds = {name: module[name] for name in builders}
    module.update(builders)
    try:
        return cst.parse_module(text)
    finally:
        module.update(kinds)


def node_makers(wanted: dict[str, tuple[str, ...]]) -> dict[str, Callable[..., Any]] | None:
    """For each node class by name a function that takes these fields in this order; None if the shortcut does not work.

    All other fields have their defaults.
    """
    if not _builders():
        return None
    return {name: _builder(getattr(cst, name), fields) for name, fields in wanted.items()}


def _builder(kind: type, first: tuple[str, ...] = ()) -> Callable[..., Any]:
    """A function that fills the slots of a new node; the fields of `kind` are keywords, but for those in `first`."""
    fields = [field for field in dataclasses.fields(kind) if field.init]
    scope: dict[str, Any] = {"new": object.__new__, "kind": kind}
    parameters, body = [*first, "*"], []
    for field in fields:
        scope[f"set_{field.name}"] = getattr(kind, field.name).__set__
        default = ""
        if field.default is not dataclasses.MISSING:
            scope[f"default_{field.name}"] = field.default
            default = f"=default_{field.name}"
        elif field.default_factory is not dataclasses.MISSING:
            # nodes are immutable, so that all may share the one that the factory makes
            scope[f"default_{field.name}"] = field.default_factory()
            default = f"=default_{field.name}"
        if field.name not in first:
            parameters.append(field.name + default)
        body.append(f"    set_{field.name}(node, {field.name})\n")
    if parameters[-1] == "*":
        parameters.pop()
    source = f"def build({', '.join(parameters)}):\n    node = new(kind)\n{''.join(body)}    return node\n"
    exec(source, scope)  # as dataclasses make their `__init__`; the names come from LibCST's classes
    build: Callable[..., Any] = scope["build"]
    return build
