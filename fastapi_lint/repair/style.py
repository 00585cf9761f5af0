"""How is a call moved off the event loop: the way the configuration says, or the way the code around does it?"""

from __future__ import annotations

from collections import Counter
from typing import Literal

import libcst as cst

from fastapi_lint.facts import Call
from fastapi_lint.project import Project
from fastapi_lint.project.flow.offload_apis import offload_apis
from fastapi_lint.project.types.values import ExternalV
from fastapi_lint.repair.imports import Imports, Visible
from fastapi_lint.repair.legality import awaited
from fastapi_lint.repair.opened import Change, OpenedFile

OffloadStyle = Literal["auto", "asyncio", "anyio", "starlette", "asyncer"]
_Style = Literal["asyncio", "anyio", "starlette", "asyncer"]

_STYLES: dict[str, _Style] = {
    "asyncio": "asyncio",
    "anyio": "anyio",
    "fastapi": "starlette",
    "starlette": "starlette",
    "asyncer": "asyncer",
}
"""By the library whose API is called."""
_STARLETTE = ("fastapi.concurrency", "starlette.concurrency")


class Offloading:
    """Chooses the style for a file and writes calls in it."""

    def __init__(self, project: Project, configured: OffloadStyle = "auto", usual: _Style = "asyncio") -> None:
        """`usual` is the style where neither the configuration nor the project says one."""
        self._project = project
        self._configured = configured
        self._usual = usual
        self._used: dict[str, Counter[_Style]] | None = None

    def style(self, key: str) -> _Style:
        """What the configuration says, else what the file uses most, else the project, else the usual one."""
        if self._configured != "auto":
            return self._configured
        if self._used is None:
            self._used = self._read()
        own = self._used.get(key)
        everywhere = own or sum(self._used.values(), Counter())
        # ties are settled by the order in which code was read, and that is fixed
        return everywhere.most_common(1)[0][0] if everywhere else self._usual

    def _read(self) -> dict[str, Counter[_Style]]:
        used: dict[str, Counter[_Style]] = {}
        for path, names in offload_apis(self._project.inference).items():
            styles = used.setdefault(path, Counter())
            for name, count in names.items():
                styles[_STYLES[name.partition(".")[0]]] += count
        return used

    def api(self, opened: OpenedFile, imports: Imports, node: cst.CSTNode) -> tuple[_Style, Visible] | None:
        """The style for a file, and how its function is spelled at `node`."""
        style = self.style(opened.key)
        if style == "asyncio":
            found = imports.need("asyncio", "to_thread", node)
        elif style == "anyio":
            text = imports.visible("anyio", "to_thread.run_sync", node)
            found = Visible(text) if text else imports.need("anyio", "to_thread.run_sync", node, whole=False)
        elif style == "asyncer":
            found = imports.need("asyncer", "asyncify", node, whole=False)
        else:
            found = self._starlette(imports, node)
        return None if found is None else (style, found)

    def _starlette(self, imports: Imports, node: cst.CSTNode) -> Visible | None:
        for module in _STARLETTE:
            text = imports.visible(module, "run_in_threadpool", node)
            if text is not None:
                return Visible(text)
        used = Counter(self._spelled())
        module = used.most_common(1)[0][0] if used else _STARLETTE[0]
        return imports.need(module, "run_in_threadpool", node, whole=False)

    def _spelled(self) -> list[str]:
        """The module that each offload of the project takes `run_in_threadpool` from."""
        index, inference = self._project.index, self._project.inference
        found: list[str] = []
        for site in index.call_sites("run_in_threadpool"):
            node = index.scope(site.gid).exprs[site.expr]
            kind = inference.type(inference.plain_frame(site.gid), node.func) if isinstance(node, Call) else ()
            found += [value.name.rpartition(".")[0] for value in kind if isinstance(value, ExternalV)]
        return [module for module in found if module in _STARLETTE]

    # -- calls

    def call(self, opened: OpenedFile, imports: Imports, node: cst.Call) -> list[Change] | None:
        """`f(x)` becomes `await to_thread(f, x)`; None where that cannot be written."""
        found = self.api(opened, imports, node)
        between = opened.text[opened.outer_end(node.func) :].lstrip()
        if found is None or _is_bare_generator(node) or not between.startswith("("):
            return None
        style, api = found
        keywords = {arg.keyword.value for arg in node.args if arg.keyword is not None}
        spread = any(arg.star == "**" for arg in node.args)
        before, behind = awaited(opened, node)
        changes = list(api.changes)
        if style == "asyncer":
            before, opening = f"{before}{api.text}(", ")("
            changes.append(_head(opened, node, before, opening, False))
        elif style == "anyio" and (keywords or spread):
            partial = imports.need("functools", "partial", node, whole=False)
            if partial is None:
                return None
            changes += partial.changes
            changes.append(_head(opened, node, f"{before}{api.text}({partial.text}(", ", ", True))
            behind = f"){behind}"
        elif style == "starlette" and "func" in keywords:
            return None
        else:
            changes.append(_head(opened, node, f"{before}{api.text}(", ", ", True))
        if behind:
            changes.append(Change(opened.end(node), opened.end(node), behind))
        return changes

    def function(self, opened: OpenedFile, imports: Imports, node: cst.CSTNode, text: str) -> Visible | None:
        """The expression that runs `text`, a function without arguments, off the loop, without `await`."""
        found = self.api(opened, imports, node)
        if found is None:
            return None
        style, api = found
        return Visible(f"{api.text}({text})()" if style == "asyncer" else f"{api.text}({text})", api.changes)


def _head(opened: OpenedFile, node: cst.Call, before: str, separator: str, inside: bool) -> Change:
    """Replaces `f(` by `before f separator`; arguments on lines of their own get company there if f is `inside`."""
    start, end = opened.start(node), opened.outer_end(node.func)
    opening = opened.text.index("(", end) + 1
    func = opened.text[start:end]
    if not inside:
        return Change(start, opening, f"{before}{func}{separator}")
    if not node.args:
        return Change(start, opening, f"{before}{func}")
    first = _first_argument(opened, node)
    gap = opened.text[opening:first]
    if "\n" in gap or "\r" in gap:
        return Change(start, opening, f"{before}{opened.newline}{opened.indent(first)}{func},")
    return Change(start, opening, f"{before}{func}{separator}")


def _first_argument(opened: OpenedFile, node: cst.Call) -> int:
    """Where the first argument begins, with its star, keyword or parentheses."""
    first = node.args[0]
    return opened.start(first)


def _is_bare_generator(node: cst.Call) -> bool:
    return len(node.args) == 1 and isinstance(node.args[0].value, cst.GeneratorExp) and not node.args[0].value.lpar
