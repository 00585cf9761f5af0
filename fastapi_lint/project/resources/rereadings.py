"""Are settings read anew on purpose, because requests write the file that they come from?

`Settings()` with `yaml_file="config.yaml"`, where a route for settings writes `config.yaml`: built once, they would be
what they were at start-up.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from fastapi_lint.facts import NONE, Attr, Call, Cls, Event, EventKind, Free, Lit, Map, Var
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.spelling import parts
from fastapi_lint.project.flow.nodes import LibraryCall
from fastapi_lint.project.serving.reach import Reach
from fastapi_lint.project.types.inference import Inference
from fastapi_lint.project.types.values import ClassV, ExternalV

_SOURCES = frozenset({"_env_file", "env_file", "json_file", "toml_file", "yaml_file"})
_SETTINGS = ("model_config", "Config")
_WRITERS = frozenset({"write_bytes", "write_text"})
_TARGETS = {"dotenv.set_key": 0, "dotenv.unset_key": 0, "os.rename": 1, "os.replace": 1, "shutil.move": 1}
_MOST_HOPS = 2


class Rereadings:
    """Answers for what `reach` says that requests reach. Files are told apart by their last names."""

    def __init__(self, inference: Inference, reach: Reach) -> None:
        self._inference = inference
        self._index = inference.index
        self._reach = reach

    def is_needed(self, frame: Frame, call: LibraryCall) -> bool:
        """Whether an object of a class of settings is made from a file that requests write."""
        node = frame.scope.exprs[call.expr] if call.expr != NONE else None
        if not isinstance(node, Call) or not call.name.startswith("pydantic_settings."):
            return False
        files = {self._name(frame.gid, value) for name, value in node.keywords if name in _SOURCES}
        for value in self._inference.type(frame, node.func):
            if isinstance(value, ClassV):
                files.update(self._sources(value.gid))
        files.discard("")
        return bool(files) and not files.isdisjoint(self._written)

    def _sources(self, gid: int) -> Iterator[str]:
        """The last names of the files of a class of settings: of `model_config`, or of a class `Config` inside."""
        for entry in self._inference.classes.mro(gid):
            if not isinstance(entry, int):
                continue
            scope = self._index.scope(entry)
            made = [scope.exprs[scope.defs[n].value] for key in _SETTINGS for n in scope.names.get(key, ())]
            for node in made:
                if isinstance(node, Cls):
                    inner = self._index.local(entry, node.scope)
                    names = self._index.scope(inner).names
                    defs = self._index.scope(inner).defs
                    yield from (self._name(inner, defs[n].value) for key in _SOURCES for n in names.get(key, ()))
                elif isinstance(node, Call):
                    yield from (self._name(entry, value) for name, value in node.keywords if name in _SOURCES)
                elif isinstance(node, Map):
                    for key, value in zip(node.keys, node.values, strict=True):
                        if key != NONE and isinstance(name := scope.exprs[key], Lit) and name.value in _SOURCES:
                            yield self._name(entry, value)

    @cached_property
    def _written(self) -> frozenset[str]:
        """The last names of the files that requests write."""
        found: set[str] = set()
        for frame in {frame.gid: frame for frame in self._reach.frames}.values():
            for event in frame.scope.events:
                target = self._target(frame, event) if event.kind == EventKind.CALL else NONE
                if target != NONE:
                    found.add(self._name(frame.gid, target))
        return frozenset(found - {""})

    def _target(self, frame: Frame, event: Event) -> int:
        """The path of the file that a call writes."""
        scope = frame.scope
        node = scope.exprs[event.expr]
        if not isinstance(node, Call):
            return NONE
        func = scope.exprs[node.func]
        if isinstance(func, Attr) and func.name in _WRITERS:
            return func.base
        is_method = isinstance(func, Attr) and func.name == "open"
        if func == Free("open") or is_method:
            given = [*node.args[0 if is_method else 1 :], *(value for name, value in node.keywords if name == "mode")]
            mode = scope.exprs[given[0]] if given else None
            if not (isinstance(mode, Lit) and isinstance(mode.value, str) and mode.value[:1] in ("a", "w")):
                return NONE
            return func.base if isinstance(func, Attr) else node.args[0] if node.args else NONE
        for value in self._inference.type(frame, node.func) if node.args else ():
            place = _TARGETS.get(value.name) if isinstance(value, ExternalV) else None
            if place is not None and place < len(node.args):
                return node.args[place]
        return NONE

    def _name(self, gid: int, expr: int, hops: int = 0) -> str:
        """The last name of the path that an expression spells, also by the name of a constant; empty if unknown."""
        scope = self._index.scope(gid)
        for part in parts(scope, expr):
            node = scope.exprs[part]
            if isinstance(node, Lit) and isinstance(node.value, str):
                return node.value.rpartition("/")[2]
            if isinstance(node, Var) and hops < _MOST_HOPS:
                owner = self._index.local(gid, node.scope)
                outer = self._index.scope(owner)
                made = outer.names.get(node.name, ())
                found = self._name(owner, outer.defs[made[0]].value, hops + 1) if len(made) == 1 else ""
                if found:
                    return found
        return ""
