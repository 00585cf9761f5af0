"""Fixes are computed here, on request: a file is opened again, and what is right for a diagnostic becomes text edits.

Nothing of this is imported unless a fix is asked for, for it needs trees.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import msgspec

from fastapi_lint.diagnostic import Applicability, Fix
from fastapi_lint.project import BlockingUse, Project, WrongOffload
from fastapi_lint.source import SourceError

if TYPE_CHECKING:
    from fastapi_lint.project.resources.creations import Creation
    from fastapi_lint.project.resources.leaked_generators import LeakedGenerator
    from fastapi_lint.project.resources.shared_resources import Resource
    from fastapi_lint.project.shared.caches import CachedFunction
    from fastapi_lint.repair.blocking import BlockingRepair
    from fastapi_lint.repair.factories import Factories
    from fastapi_lint.repair.imports import Imports
    from fastapi_lint.repair.opened import OpenedFile

OffloadStyle = Literal["auto", "asyncio", "anyio", "starlette", "asyncer"]


class OpenedFiles:
    """Files with their trees, each opened once for each content that it has."""

    def __init__(self) -> None:
        self._opened: dict[str, tuple[bytes, OpenedFile | None]] = {}

    def open(self, key: str, content: bytes) -> OpenedFile | None:
        """The file with this content; None where it cannot be parsed."""
        from fastapi_lint.repair.opened import OpenedFile

        known = self._opened.get(key)
        if known is None or known[0] != content:
            try:
                known = (content, OpenedFile(key, content))
            except SourceError:
                known = (content, None)
            self._opened[key] = known
        return known[1]


class Opener:
    """The files of a project, opened when a fix needs them.

    `read` gives the bytes of a file by its project key, `files` keeps what was opened for another state of the project.
    """

    def __init__(
        self,
        project: Project,
        read: Callable[[str], bytes],
        offload_style: OffloadStyle = "auto",
        files: OpenedFiles | None = None,
        has_to_thread: bool = True,
    ) -> None:
        """`has_to_thread` is False where the project runs on Python 3.8, too: `asyncio.to_thread` is new in 3.9."""
        self.project = project
        self._read = read
        self._style = offload_style
        self._usual_style: Literal["asyncio", "starlette"] = "asyncio" if has_to_thread else "starlette"
        self._files = OpenedFiles() if files is None else files
        self._imports: dict[str, Imports] = {}
        self._blocking: BlockingRepair | None = None
        self._factories: Factories | None = None

    def open(self, key: str) -> OpenedFile | None:
        """The file, with its tree; None where it cannot be read or parsed any more."""
        try:
            return self._files.open(key, self._read(key))
        except OSError:
            return None

    def _file(self, key: str) -> tuple[OpenedFile, Imports] | None:
        from fastapi_lint.repair.imports import Imports

        opened = self.open(key)
        if opened is None:
            return None
        if key not in self._imports:
            self._imports[key] = Imports(self.project, opened)
        return opened, self._imports[key]

    def blocking(self, use: BlockingUse, safest: Applicability) -> Fix | None:
        """What to do about an expression that blocks the event loop; no fix of its rule is safer than `safest`."""
        from fastapi_lint.repair.blocking import BlockingRepair
        from fastapi_lint.repair.style import Offloading

        file = self._file(use.spot.path)
        if file is None:
            return None
        if self._blocking is None:
            self._blocking = BlockingRepair(self.project, Offloading(self.project, self._style, self._usual_style))
        fix = self._blocking.fix(*file, use)
        if fix is not None and safest is not Applicability.SAFE:
            return msgspec.structs.replace(fix, applicability=safest)
        return fix

    def creation(self, creation: Creation) -> Fix | None:
        """What to do about something that is made for each request."""
        from fastapi_lint.repair.factories import Factories

        spot, _ = self.project.creation_place(creation)
        file = self._file(spot.path)
        if file is None:
            return None
        if self._factories is None:
            self._factories = Factories(self.project)
        return self._factories.fix(*file, creation)

    def leaked(self, leaked: LeakedGenerator) -> Fix | None:
        """What to do about a dependency that a loop drives."""
        from fastapi_lint.repair.generators import Generators

        index = self.project.index
        file = self._file(index.module(leaked.gid).path)
        if file is None:
            return None
        return Generators(self.project).fix(*file, leaked, self.open(index.module(leaked.generator).path))

    def unclosed(self, resource: Resource) -> Fix | None:
        """What to do about something that nothing closes."""
        from fastapi_lint.repair.closing import Closing

        opened = self.open(self.project.index.module(resource.frame.gid).path)
        return None if opened is None else Closing(self.project).fix(opened, resource)

    def unbounded(self, function: CachedFunction) -> Fix | None:
        """What to do about a cached function without a bound."""
        from fastapi_lint.repair.bounds import Bounds

        file = self._file(self.project.index.module(function.gid).path)
        return None if file is None else Bounds(self.project).fix(*file, function)

    def wrong_offload(self, wrong: WrongOffload) -> Fix | None:
        """What to do about an offload that is handed a result or a coroutine function."""
        from fastapi_lint.repair.wrong_offload import WrongOffloads

        file = self._file(wrong.spot.path)
        if file is None:
            return None
        opened, imports = file
        offloads = WrongOffloads(self.project)
        return offloads.eager(opened, wrong) if wrong.given == "result" else offloads.coroutine(opened, imports, wrong)


__all__ = ["OffloadStyle", "OpenedFiles", "Opener"]
