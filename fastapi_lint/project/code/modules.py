"""Which file does an import mean?

Imports are resolved by path: nothing is installed, so what matters is which folders can stand on `sys.path`. For a file
these are the first folder above it that is no package, every folder from there up to the project root, and the `src`
folder of each of them. A name that no such folder holds is a library's.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import PurePosixPath

from fastapi_lint.facts import FOLLOWED, ModuleFacts


class Module:
    """A file of the project: `path` is relative to the root, `key` the same without `.py` and `/__init__`."""

    __slots__ = ("base", "facts", "folder", "is_package", "key", "path")

    def __init__(self, path: str, facts: ModuleFacts, base: int) -> None:
        self.path = path
        self.facts = facts
        self.base = base
        stem = path.removesuffix(".py")
        self.is_package = stem.endswith("/__init__") or stem == "__init__"
        self.key = stem[: -len("/__init__")] if stem.endswith("/__init__") else ("" if stem == "__init__" else stem)
        self.folder = path.rpartition("/")[0]  # relative to the root; the empty string is the root itself

    @property
    def is_followed(self) -> bool:
        """Whether the file belongs to a package that was followed into the environment."""
        return self.path.startswith(f"{FOLLOWED}/")


class ModuleTable:
    """All files of the project by path, and the meaning of an import in each of them."""

    def __init__(self, modules: Iterable[Module], source_roots: Iterable[str] = ()) -> None:
        self.by_key: dict[str, Module] = {}
        self.folders: set[str] = {""}
        for module in modules:
            known = self.by_key.get(module.key)
            if known is None or module.is_package:
                self.by_key[module.key] = module
            parent = PurePosixPath(module.path).parent
            while str(parent) != ".":
                self.folders.add(str(parent))
                parent = parent.parent
        self._source_roots = (*source_roots, *((FOLLOWED,) if FOLLOWED in self.folders else ()))
        self._roots: dict[str, tuple[str, ...]] = {}
        self._below_package: dict[str, bool] = {}

    def exists(self, key: str) -> bool:
        """Whether a module, package or namespace package stands at this path."""
        return key in self.by_key or key in self.folders

    def roots(self, folder: str) -> tuple[str, ...]:
        """The folders from which an absolute import in `folder` may start, nearest first.

        Followed packages import each other, but not what the project's folders happen to hold.
        """
        if folder == FOLLOWED or folder.startswith(f"{FOLLOWED}/"):
            return (FOLLOWED,)
        roots = self._roots.get(folder)
        if roots is None:
            top = folder
            while top and top in self.by_key:  # a package: its __init__ has the folder's own key
                top = top.rpartition("/")[0]
            chain: list[str] = []
            while True:
                if not top or top not in self.by_key:  # a package further up is no place to import from
                    chain += [top, f"{top}/src" if top else "src"]
                if not top:
                    break
                top = top.rpartition("/")[0]
            roots = (*(root for root in chain if root in self.folders), *self._source_roots)
            self._roots[folder] = roots
        return roots

    def absolute(self, importer: Module, name: str) -> str | None:
        """The path of the first-party module that `import name` means in `importer`, or None for a library."""
        head = name.split(".", maxsplit=1)[0]
        for root in self.roots(importer.folder):
            if head in sys.stdlib_module_names and self._is_below_package(root):
                continue
            prefix = f"{root}/" if root else ""
            if self._is_importable(prefix + head, importer):
                key = prefix + name.replace(".", "/")
                return key if self.exists(key) else None
        return None

    def _is_below_package(self, folder: str) -> bool:
        """Whether a folder belongs to a package, so that imports start there only where someone arranged for it."""
        known = self._below_package.get(folder)
        if known is None:
            parents = [str(parent) for parent in PurePosixPath(folder).parents]
            known = self._below_package[folder] = any(parent in self.by_key for parent in parents if parent != ".")
        return known

    def owns(self, importer: Module, head: str) -> bool:
        """Whether all of the package `head` is first-party: not if it is spread over several distributions.

        Those are namespace packages, and packages that extend their own `__path__` (`pkgutil.extend_path`).
        """
        key = self.absolute(importer, head)
        package = self.by_key.get(key) if key is not None else None
        return package is not None and "__path__" not in package.facts.scopes[0].names

    def _is_importable(self, key: str, importer: Module) -> bool:
        # A file is not its own import: `requests.py` that says `import requests` means the library. A package is: its
        # `__init__.py` says `from package.module import name`.
        if key in self.by_key:
            return importer.is_package or self.by_key[key] is not importer
        return key in self.folders and any(other.startswith(f"{key}/") for other in self.by_key)

    def relative(self, importer: Module, name: str, level: int) -> str | None:
        """The path that `from ..name import` means; None where it leaves the project."""
        parts = importer.folder.split("/") if importer.folder else []
        up = level - 1
        if up > len(parts):
            return None
        base = parts[: len(parts) - up]
        key = "/".join([*base, *(name.split(".") if name else [])])
        return key if self.exists(key) else None
