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
service."""

_RECEIVER = -1
_LOOKS: dict[str, int] = {
    **dict.fromkeys(("os.access", "os.listdir", "os.lstat", "os.scandir", "os.stat", "os.walk"), 0),
    **dict.fromkeys((f"os.path.{name}" for name in ("exists", "getmtime", "getsize", "isdir", "isfile", "islink")), 0),
    **dict.fromkeys(
        (f"pathlib.Path.{name}" for name in ("exists", "is_dir", "is_file", "is_symlink", "lstat", "stat")), _RECEIVER
    ),
}
_READS = dict.fromkeys(("pathlib.Path.read_bytes", "pathlib.Path.read_text"), _RECEIVER)
_CHANGES: dict[str, int] = {
    **dict.fromkeys(
        (f"os.{name}" for name in ("mkdir", "mkfifo", "mknod", "remove", "removedirs", "rmdir", "unlink")), 0
    ),
    **dict.fromkeys((f"os.{name}" for name in ("link", "rename", "renames", "replace", "symlink")), 1),
    **dict.fromkeys(("tempfile.mkdtemp", "tempfile.mkstemp", "tempfile.NamedTemporaryFile", "shutil.rmtree"), 0),
    **dict.fromkeys((f"pathlib.Path.{name}" for name in ("hardlink_to", "rmdir", "symlink_to", "unlink")), _RECEIVER),
    **dict.fromkeys(("pathlib.Path.mkdir",), _RECEIVER),
    **dict.fromkeys(("pathlib.Path.rename", "pathlib.Path.replace", "send2trash.send2trash"), 0),
    "shutil.move": 1,
    "tempfile.TemporaryDirectory.__init__": NONE,
}
_REWRITES: dict[str, int] = {
    **dict.fromkeys(("shutil.copy", "shutil.copy2", "shutil.copyfile", "shutil.copytree", "shutil.unpack_archive"), 1),
    **dict.fromkeys(("os.truncate", "shutil.make_archive", "venv.create"), 0),
    **dict.fromkeys(("pathlib.Path.write_bytes", "pathlib.Path.write_text"), _RECEIVER),
    **dict.fromkeys(("pathlib.Path.copy", "pathlib.Path.copy_into"), 0),
    **dict.fromkeys(("tarfile.TarFile.extractall", "zipfile.ZipFile.extractall"), 0),
    **dict.fromkeys(("tarfile.TarFile.extract", "zipfile.ZipFile.extract", "urllib.request.urlretrieve"), 1),
}
_OPENS: dict[str, tuple[int, int]] = {
    **dict.fromkeys(
        (
            "builtins.open", "io.open", "codecs.open", "gzip.open", "bz2.open", "lzma.open", "smart_open.open",
            "tarfile.open", "zipfile.ZipFile.__init__", "fsspec.AbstractFileSystem.open", "fsspec.open",
        ),
        (0, 1),
    ),
    "pathlib.Path.open": (_RECEIVER, 0),
}  # fmt: skip
_RENAMES = {
    "os.rename": 0,
    "os.replace": 0,
    "shutil.move": 0,
    "pathlib.Path.rename": _RECEIVER,
    "pathlib.Path.replace": _RECEIVER,
}
_FLAGS = frozenset({"O_APPEND", "O_TRUNC", "O_WRONLY"})
_WRITING = ("dump", "export", "extract", "save", "to_", "write")
_SENDING = (
    "commit",
    "create",
    "delete",
    "insert",
    "patch",
    "post",
    "publish",
    "put",
    "remove",
    "send",
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
        if kind in _REMOTE and verb.startswith(_SENDING):
            return Act(call.event, "send", UNKNOWN)
        return None

    def _opened(self, frame: Frame, call: LibraryCall, node: Call, given: Parameters) -> Act:
        at, mode_at = _OPENS[call.name]
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
        if call.name.startswith("tempfile."):
            return Act(call.event, "change", Name((), own=True))
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
