"""Which files a run reads: the paths of the command line, walked with excludes and .gitignore."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi_lint.config import PatternSet, Settings

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

Note = Callable[[str], None]


class PathError(Exception):
    """A path of the command line that does not exist."""


def discover(paths: Iterable[Path], settings: Settings, note: Note | None = None) -> list[Path]:
    """The Python files in and among `paths`, sorted, each once, spelled as the paths are.

    Named files are taken whatever their suffix, unless `force_exclude` is set and a pattern covers them. Symbolic links
    met in a folder are not followed. `note` hears of what had to be skipped. Raises PathError for a missing path.
    """
    return _Discovery(settings, note or (lambda _text: None)).run(paths)


def is_excluded(path: Path, settings: Settings) -> bool:
    """Whether an exclude pattern covers the file with this absolute path."""
    return PatternSet((*settings.exclude, *settings.extend_exclude), settings.base).covers(path)


class _Discovery:
    def __init__(self, settings: Settings, note: Note) -> None:
        self.settings = settings
        self.note = note
        self.excluded = PatternSet((*settings.exclude, *settings.extend_exclude), settings.base)

    def run(self, paths: Iterable[Path]) -> list[Path]:
        found: dict[str, Path] = {}
        for path in paths:
            for file in self._files(path):
                found.setdefault(os.path.abspath(file), file)
        return sorted(found.values(), key=lambda file: file.parts)

    def _files(self, path: Path) -> Iterator[Path]:
        absolute = Path(os.path.abspath(path))
        if not os.path.lexists(path):
            raise PathError(f"{path}: no such file or directory")
        if self.settings.force_exclude and self.excluded.covers(absolute):
            return
        if path.is_dir():
            yield from self._walk(path, absolute, self._ignores_above(absolute))
        else:
            yield path

    def _walk(self, folder: Path, absolute: Path, ignores: _Ignores) -> Iterator[Path]:
        try:
            with os.scandir(folder) as scan:
                entries = sorted(scan, key=lambda entry: entry.name)
        except OSError as error:
            self.note(f"{folder}: skipped: {error.strerror or error}")
            return
        if self.settings.respect_gitignore and any(entry.name == ".gitignore" for entry in entries):
            ignores = ignores.below(absolute)
        for entry in entries:
            if entry.is_symlink():
                continue
            is_folder = entry.is_dir()
            if not is_folder and not entry.name.endswith(".py"):
                continue
            inner = absolute / entry.name
            if self.excluded.matches(inner) or ignores.match(inner, is_folder):
                continue
            if is_folder:
                yield from self._walk(folder / entry.name, inner, ignores)
            elif self._fits(entry):
                yield folder / entry.name

    def _fits(self, entry: os.DirEntry[str]) -> bool:
        try:
            size = entry.stat().st_size
        except OSError:  # the engine reports files that vanish or cannot be read
            return True
        if size <= self.settings.max_file_size:
            return True
        self.note(f"{entry.path}: skipped: {size} bytes are more than `max-file-size`")
        return False

    def _ignores_above(self, folder: Path) -> _Ignores:
        """The .gitignore files that apply to `folder` from above, up to the top of the repository.

        A folder that is itself ignored was asked for by name: what ignores it does not count inside it.
        """
        nothing = _Ignores((), self.note)
        top = self._top(folder)
        if not self.settings.respect_gitignore or top == folder:
            return nothing
        between = [parent for parent in folder.parents if top in parent.parents]
        ignores = nothing
        for parent in (top, *reversed(between)):
            if (parent / ".gitignore").is_file():
                ignores = ignores.below(parent)
        return nothing if any(ignores.match(inner, True) for inner in (folder, *between)) else ignores

    def _top(self, folder: Path) -> Path:
        """Where .gitignore files begin to count: the repository, else the project, else the folder itself."""
        for parent in (folder, *folder.parents):
            if (parent / ".git").exists():
                return parent
        return self.settings.root if self.settings.root in folder.parents else folder


class _Ignores:
    """The .gitignore files in force in one folder, the nearest last; the nearest that speaks decides."""

    def __init__(self, specs: tuple[tuple[Path, GitIgnoreSpec], ...], note: Note) -> None:
        self._specs = specs
        self._note = note

    def below(self, folder: Path) -> _Ignores:
        from pathspec import GitIgnoreSpec

        try:
            lines = (folder / ".gitignore").read_text(encoding="utf-8", errors="replace").splitlines()
            spec = GitIgnoreSpec.from_lines(lines)
        except (OSError, ValueError) as error:
            self._note(f"{folder / '.gitignore'}: not respected: {error}")
            return self
        return _Ignores((*self._specs, (folder, spec)), self._note)

    def match(self, path: Path, is_folder: bool) -> bool:
        for folder, spec in reversed(self._specs):
            relative = path.relative_to(folder).as_posix() + ("/" if is_folder else "")
            included = spec.check_file(relative).include
            if included is not None:
                return included
        return False
