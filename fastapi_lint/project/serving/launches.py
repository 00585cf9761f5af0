"""Which environment variables does the program set for each server that it starts in a process of its own?

`os.environ["IS_SERVER"] = "1"`, then `os.execvp("python", ["python", "-m", "app.server"])`, a module with routes: code
that leaves where the variable is set is for clients. Where a server's own command is started (`uvicorn app:app`),
functions that serve in their own process are other starts, without the variable.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from fastapi_lint.facts import NONE, Attr, Bin, Call, EventKind, Lit, Star, Use
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.index import Site
from fastapi_lint.project.code.regions import around
from fastapi_lint.project.code.spelling import parts, same, stored_item
from fastapi_lint.project.flow.graph import Graph
from fastapi_lint.project.serving.contexts import Contexts
from fastapi_lint.project.serving.server_starts import ServerStarts
from fastapi_lint.project.types.values import ExternalV

_EXEC = frozenset({"os.execv", "os.execve", "os.execvp", "os.execvpe"})
_LAUNCHERS = frozenset({*_EXEC, "subprocess.Popen", "subprocess.run", "subprocess.call", "subprocess.check_call"})
_SERVERS = frozenset({"uvicorn", "gunicorn", "hypercorn", "granian"})
_ENVIRONMENT = ExternalV("os.environ")
_READERS = frozenset({ExternalV("os.environ.get"), ExternalV("os.getenv")})
_MOST_HOPS = 4


class Launches:
    """Found among the calls that start other programs."""

    def __init__(self, graph: Graph, contexts: Contexts, starts: ServerStarts) -> None:
        self._index = graph.index
        self._inference = graph.inference
        self._contexts = contexts
        self._starts = starts

    def says_set(self, frame: Frame, test: int) -> bool | None:
        """Whether a test that holds says of a variable which servers always have that it is set; None for others."""
        node = frame.scope.exprs[test]
        if type(node) is Bin and node.op in ("is", "is not") and frame.scope.exprs[node.right] == Lit(None):
            return node.op == "is not" if self._is_read(frame, node.left) else None
        if type(node) is Bin and node.op in ("among", "not among"):
            is_asked = _ENVIRONMENT in self._inference.type(frame, node.right) and self._is_always_set(frame, node.left)
            return node.op == "among" if is_asked else None
        return True if self._is_read(frame, test) else None

    def _is_read(self, frame: Frame, expr: int) -> bool:
        node = frame.scope.exprs[expr]
        if type(node) is Use and len(node.defs) == 1:
            node = frame.scope.exprs[frame.scope.defs[node.defs[0]].value]
        if type(node) is not Call or len(node.args) != 1 or node.keywords:
            return False
        return self._is_always_set(frame, node.args[0]) and not _READERS.isdisjoint(
            self._inference.type(frame, node.func)
        )

    def _is_always_set(self, frame: Frame, name: int) -> bool:
        return self._text(frame, name) in self._variables

    @cached_property
    def _variables(self) -> frozenset[str]:
        found: list[frozenset[str]] = []
        by_command = False
        for name in sorted({launcher.rpartition(".")[2] for launcher in _LAUNCHERS}):
            for site in self._index.call_sites(name):
                how = self._started(site)
                if how is not None:
                    by_command = by_command or how
                    found.append(frozenset(self._set_for(site)))
        if not found or (by_command and self._starts.serves_in_process):
            return frozenset()
        return frozenset.intersection(*found)

    def _started(self, site: Site) -> bool | None:
        """Whether a call starts this application by a server's own command, or its module (False); None for others."""
        frame = self._inference.plain_frame(site.gid)
        node = frame.scope.exprs[site.expr]
        called = self._inference.type(frame, node.func) if isinstance(node, Call) else ()
        if not isinstance(node, Call) or not any(isinstance(v, ExternalV) and v.name in _LAUNCHERS for v in called):
            return None
        words = {word for given in node.args for text in self._texts(frame, given, 0) for word in text.split()}
        if not _SERVERS.isdisjoint(words):
            return True if any(mark and self._has_routes(path) for path, mark, _ in map(_split, words)) else None
        return False if any("." in word and self._has_routes(word) for word in words) else None

    def _texts(self, frame: Frame, expr: int, hops: int) -> Iterator[str]:
        """The constant texts in a command line."""
        for part in parts(frame.scope, expr):
            node = frame.scope.exprs[part]
            if isinstance(node, Star) and hops < _MOST_HOPS:
                yield from self._texts(frame, node.value, hops + 1)
            text = self._text(frame, part)
            if text is not None:
                yield text

    def _text(self, frame: Frame, expr: int) -> str | None:
        """The text that an expression is, or that the name of a constant stands for."""
        node = frame.scope.exprs[expr]
        if not isinstance(node, Lit):
            found = self._inference.annotations.definition(frame, expr)
            node = found[0].scope.exprs[found[1]] if found is not None else node
        return node.value if isinstance(node, Lit) and isinstance(node.value, str) else None

    def _has_routes(self, module: str) -> bool:
        path = module.replace(".", "/")
        return any(key == path or key.endswith("/" + path) for key in self._with_routes)

    @cached_property
    def _with_routes(self) -> frozenset[str]:
        """The modules in which routes are registered."""
        entries = (entry for entry in self._contexts.entries if entry.kind == "route" and entry.gid != NONE)
        return frozenset(self._index.module(entry.gid).key for entry in entries)

    def _set_for(self, site: Site) -> Iterator[str]:
        """The variables that are surely set for what a call starts: in this environment, or in one that is given."""
        frame = self._inference.plain_frame(site.gid)
        scope, node = frame.scope, frame.scope.exprs[site.expr]
        number = next((n for n, e in enumerate(scope.events) if e.kind == EventKind.CALL and e.expr == site.expr), NONE)
        if number == NONE or not isinstance(node, Call):
            return
        func = scope.exprs[node.func]
        given = dict(node.keywords).get("env", NONE)
        if isinstance(func, Attr) and func.name in ("execve", "execvpe"):
            given = node.args[2] if len(node.args) > 2 else given
        here = set(around(scope, scope.events[number].region))
        for event in scope.events[:number]:
            target = stored_item(scope, event) if event.region in here and event.value != NONE else None
            if target is None or not self._text(frame, event.value):
                continue
            is_own = given == NONE and _ENVIRONMENT in self._inference.type(frame, event.expr)
            name = self._text(frame, target.index)
            if name is not None and (is_own or (given != NONE and same(scope, event.expr, given))):
                yield name


def _split(word: str) -> tuple[str, str, str]:
    """`package.module:app` in its parts."""
    return word.partition(":")
