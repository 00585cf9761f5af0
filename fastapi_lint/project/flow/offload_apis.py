"""By which APIs does the project move calls to threads, and where?"""

from __future__ import annotations

from collections import Counter

from fastapi_lint.facts import Call
from fastapi_lint.project.types.inference import Inference
from fastapi_lint.project.types.values import ExternalV

ANYIO = "anyio.to_thread.run_sync"
OFFLOAD_APIS = (
    "asyncio.to_thread",
    ANYIO,
    "fastapi.concurrency.run_in_threadpool",
    "starlette.concurrency.run_in_threadpool",
    "asyncer.asyncify",
)


def offload_apis(inference: Inference) -> dict[str, Counter[str]]:
    """How often each file calls which of them."""
    used: dict[str, Counter[str]] = {}
    index = inference.index
    for spelled in dict.fromkeys(name.rpartition(".")[2] for name in OFFLOAD_APIS):
        for site in index.call_sites(spelled):
            node = index.scope(site.gid).exprs[site.expr]
            called = inference.type(inference.plain_frame(site.gid), node.func) if isinstance(node, Call) else ()
            for value in called:
                if isinstance(value, ExternalV) and value.name in OFFLOAD_APIS:
                    used.setdefault(index.module(site.gid).path, Counter())[value.name] += 1
    return used


def is_by_anyio_only(inference: Inference) -> bool:
    """Whether the project moves calls to threads by anyio and by nothing else: it may run on trio, too."""
    loops = inference.index.call_sites("run_in_executor")
    return not loops and {name for names in offload_apis(inference).values() for name in names} == {ANYIO}
