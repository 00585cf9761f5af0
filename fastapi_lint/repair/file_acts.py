"""What does a call of a library do to files, to other programs and to services?

The names are those of the standard library's documentation (os, pathlib, shutil, tempfile, zipfile); of other
libraries those count that the catalogue says work with files, by the verb they are called by.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from fastapi_lint.facts import NONE, Attr, Call, Lit
from fastapi_lint.project import Project
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.spelling import parts, spelled
from fastapi_lint.project.flow.nodes import LibraryCall
from fastapi_lint.repair.paths import UNKNOWN, Name, Parameters, Paths

How = Literal["look", "read", "change", "rewrite", "run", "send"]
"""`look`: asks whether it is there; `read`: reads what is in it; `change`: one step that is done or not; `rewrite`:
others may see it half done; `run`: another program, which may do anything; `send`: changes something in a database or a
service, or takes a lock."""

_RECEIVER = -1


def _at(position: int, module: str, names: str) -> dict[str, int]:
    """Functions, and the argument that says which file they work with."""
    return dict.fromkeys((f"{module}.{name}" for name in names.split()), position)


_LOOKS = {
    **_at(0, "os", "access listdir lstat scandir stat walk"),
    **_at(0, "os.path", "exists getmtime getsize isdir isfile islink"),
    **_at(_RECEIVER, "pathlib.Path", "exists is_dir is_file is_symlink lstat stat"),
}
_READS = _at(_RECEIVER, "pathlib.Path", "read_bytes read_text")
_TEMPORARY = frozenset(
    {
        "tempfile.NamedTemporaryFile", "tempfile.TemporaryDirectory.__init__", "tempfile.mkdtemp", "tempfile.mkstemp",
    }
)  # fmt: skip
_CHANGES = {
    **_at(0, "os", "mkdir mkfifo mknod remove removedirs rmdir unlink"),
    **_at(1, "os", "link rename renames replace symlink"),
    **_at(0, "shutil", "rmtree"),
    **_at(1, "shutil", "move"),
    **_at(_RECEIVER, "pathlib.Path", "hardlink_to mkdir rmdir symlink_to unlink"),
    **_at(0, "pathlib.Path", "rename replace"),
}
_REWRITES = {
    **_at(0, "os", "truncate"),
    **_at(0, "shutil", "make_archive"),
    **_at(1, "shutil", "copy copy2 copyfile copytree unpack_archive"),
    **_at(_RECEIVER, "pathlib.Path", "write_bytes write_text"),
    **_at(0, "pathlib.Path", "copy copy_into"),
    **_at(0, "tarfile.TarFile", "extractall"),
    **_at(1, "tarfile.TarFile", "extract"),
    **_at(0, "zipfile.ZipFile", "extractall"),
    **_at(1, "zipfile.ZipFile", "extract"),
    **_at(1, "urllib.request", "urlretrieve"),
}
_OPENS = {
    **_at(0, "builtins", "open"),
    **_at(0, "io", "open"),
    **_at(0, "codecs", "open"),
    **_at(0, "gzip", "open"),
    **_at(0, "bz2", "open"),
    **_at(0, "lzma", "open"),
    **_at(0, "smart_open", "open"),
    **_at(0, "tarfile", "open"),
    **_at(0, "zipfile.ZipFile", "__init__"),
    **_at(0, "fsspec", "open"),
    **_at(0, "fsspec.AbstractFileSystem", "open"),
    **_at(_RECEIVER, "pathlib.Path", "open"),
}
"""What opens a file; the mode is the next argument."""
_RENAMES = {
    **_at(0, "os", "rename replace"),
    **_at(0, "shutil", "move"),
    **_at(_RECEIVER, "pathlib.Path", "rename replace"),
}
_FLAGS = frozenset({"O_APPEND", "O_TRUNC", "O_WRONLY"})
_WRITING = ("dump", "export", "extract", "save", "to_", "write")
_SENDING = (
    "commit",
    "create",
    "delete",
    "eval",
    "insert",
    "patch",
    "post",
    "publish",
    "put",
    "remove",
    "send",
    "set",
    "update",
    "upload",
)
_OPEN_FILES = ("io.", "os.", "tempfile.", "typing.")
_REMOTE = frozenset({"database", "http", "network", "sdk"})


class Act(msgspec.Struct, frozen=True):
    """An event does something outside of the process; `renewed` says that a whole, new file takes another's place."""

    event: int
    how: How
    path: Name
    renewed: bool = False
    guarded: bool = False


class FileActs:
    """Reads library calls."""

    def __init__(self, project: Project, paths: Paths) -> None:
        self._project = project
        self._index = project.index
        self._paths = paths

    def of(self, frame: Frame, call: LibraryCall, given: Parameters) -> Act | None:
        """What a library call does outside of the process; None if that is nothing, or not known."""
        node = self._index.scope(frame.gid).exprs[call.expr] if call.expr != NONE else None
        name = call.name
        if not isinstance(node, Call):
            return None
        if name in _OPENS:
            return self._opened(frame, call, node, given)
        if name == "os.open":
            return self._opened_with_flags(frame, call, node, given)
        if name in _TEMPORARY:
            return Act(call.event, "change", Name((), own=True))
        if name in _LOOKS:
            return Act(call.event, "look", self._path(frame, node, _LOOKS[name], given))
        if name in _READS:
            return Act(call.event, "read", self._path(frame, node, _READS[name], given))
        if name in _CHANGES:
            return self._changed(frame, call, node, given)
        if name in _REWRITES:
            return Act(call.event, "rewrite", self._path(frame, node, _REWRITES[name], given))
        return self._by_kind(frame, call, node, given)

    def _by_kind(self, frame: Frame, call: LibraryCall, node: Call, given: Parameters) -> Act | None:
        verb = call.name.rpartition(".")[2]
        kind = call.spec.blocks
        if kind == "subprocess" and (not call.name.startswith("subprocess.Popen.") or verb == "__init__"):
            return Act(call.event, "run", self._all(frame, node, given))
        if kind == "file" and verb.startswith(_WRITING) and not call.name.startswith(_OPEN_FILES):
            return Act(call.event, "rewrite", self._all(frame, node, given))
        if (kind in _REMOTE and verb.startswith(_SENDING)) or (kind == "sync" and verb.startswith("acquire")):
            return Act(call.event, "send", UNKNOWN)
        return None

    def _opened(self, frame: Frame, call: LibraryCall, node: Call, given: Parameters) -> Act:
        at = _OPENS[call.name]
        mode_at = at + 1
        expr = self._project.inference.calls.argument(frame.gid, node, "mode")
        if expr == NONE and mode_at < len(node.args):
            expr = node.args[mode_at]
        mode = self._index.scope(frame.gid).exprs[expr] if expr != NONE else None
        text = mode.value if isinstance(mode, Lit) and isinstance(mode.value, str) else "r"
        path = self._path(frame, node, at, given)
        if "x" in text:
            return Act(call.event, "change", path)
        return Act(call.event, "rewrite" if set(text) & set("wa+") else "read", path)

    def _opened_with_flags(self, frame: Frame, call: LibraryCall, node: Call, given: Parameters) -> Act:
        scope = self._index.scope(frame.gid)
        flags = {name for expr in node.args[1:2] for part in parts(scope, expr) for name in spelled(scope, part)}
        how: How = "change" if "O_EXCL" in flags else "rewrite" if flags & _FLAGS else "read"
        return Act(call.event, how, self._path(frame, node, 0, given))

    def _changed(self, frame: Frame, call: LibraryCall, node: Call, given: Parameters) -> Act | None:
        exists_ok = next((value for key, value in node.keywords if key == "exist_ok"), NONE)
        if exists_ok != NONE and self._index.scope(frame.gid).exprs[exists_ok] == Lit(True):
            return None
        path = self._path(frame, node, _CHANGES[call.name], given)
        source = _RENAMES.get(call.name)
        renewed = source is not None and self._path(frame, node, source, given).own
        return Act(call.event, "change", path, renewed)

    def _path(self, frame: Frame, node: Call, at: int, given: Parameters) -> Name:
        func = self._index.scope(frame.gid).exprs[node.func]
        if at == _RECEIVER:
            return self._paths.of(frame, func.base, given) if isinstance(func, Attr) else UNKNOWN
        if at < len(node.args):
            return self._paths.of(frame, node.args[at], given)
        return self._paths.of_any(frame, (value for _, value in node.keywords), given)

    def _all(self, frame: Frame, node: Call, given: Parameters) -> Name:
        func = self._index.scope(frame.gid).exprs[node.func]
        base = [func.base] if isinstance(func, Attr) else []
        return self._paths.of_any(frame, [*base, *node.args, *(value for _, value in node.keywords)], given)
