"""The call graph as data: what each frame runs, in which way, and the library calls it makes.

An edge's `mode` says how the callee's body runs:

- `runs`: there and then, on the caller's thread; effects flow up along these edges only,
- `once`: like `runs`, but the first time only (a cached function without arguments, or for a handful of them),
- `coroutine`: on the event loop, as async code of its own,
- `task`: on the event loop, detached from the caller (`create_task`),
- `offloaded`: in a worker thread or process,
- `injected`: FastAPI calls it before the caller (a dependency),
- `new-loop`: on an event loop that the caller starts (`asyncio.run`).
"""

from __future__ import annotations

import msgspec

from fastapi_lint.catalogue import CallSpec
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.serving.first_use import Lifetime
from fastapi_lint.project.types.values import Value


class Edge(msgspec.Struct, frozen=True, gc=False):
    """An event of the caller runs `callee`.

    `certain` is False for one of several implementations of a method; `off_loop` says that the code asks for a running
    loop first and gets here only where there is none; `first_use` that it gets here the first time only;
    `selected` that a value selects this branch among many. `conditions` counts what has to hold; see `conditions`.
    """

    event: int
    place: int
    callee: Frame
    mode: str
    name: str
    certain: bool = True
    off_loop: bool = False
    first_use: Lifetime = ""
    selected: bool = False
    conditions: int = 0


class LibraryCall(msgspec.Struct, frozen=True, gc=False):
    """An event that reaches a catalogued API; `expr` is the Call, or what is entered or iterated."""

    event: int
    place: int
    expr: int
    name: str
    spec: CallSpec
    awaited: bool
    value: Value | None
    off_loop: bool = False
    first_use: Lifetime = ""
    conditions: int = 0


class Node(msgspec.Struct, frozen=True, gc=False):
    """A frame with all that it runs."""

    frame: Frame
    edges: tuple[Edge, ...]
    calls: tuple[LibraryCall, ...]
