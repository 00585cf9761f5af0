"""The settings of one run: defaults, then the configuration file, then the command line."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from fastapi_lint.catalogue import Library
from fastapi_lint.config.extensions import libraries
from fastapi_lint.config.options import (
    ConfigError,
    Level,
    OffloadStyle,
    Options,
    OutputFormat,
    TargetVersion,
    read_options,
    read_table,
)
from fastapi_lint.config.patterns import anchored
from fastapi_lint.diagnostic import Severity

DEFAULT_EXCLUDE = (
    ".bzr",
    ".direnv",
    ".eggs",
    ".git",
    ".git-rewrite",
    ".hg",
    ".ipynb_checkpoints",
    ".mypy_cache",
    ".nox",
    ".pants.d",
    ".pyenv",
    ".pytest_cache",
    ".pytype",
    ".ruff_cache",
    ".fastapi_lint_cache",
    ".svn",
    ".tox",
    ".venv",
    ".vscode",
    "__pycache__",
    "__pypackages__",
    "_build",
    "buck-out",
    "build",
    "dist",
    "node_modules",
    "site-packages",
    "venv",
)
COMMAND_LINE = "command line"

_CONFIG_FILES = ("fastapi-lint.toml", "pyproject.toml")
_ROOT_MARKERS = (*_CONFIG_FILES, ".git", "setup.py")
_CATALOGUE_KEYS = ("library", "blocking", "offload", "safe", "entry-points")


class RuleLayer(msgspec.Struct, frozen=True, kw_only=True):
    """Which rules one source of configuration turns on and off; `origin` says which source."""

    origin: str
    select: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    fixable: tuple[str, ...] | None = None
    extend_fixable: tuple[str, ...] = ()
    unfixable: tuple[str, ...] = ()


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What one run goes by.

    `root` is the folder of the project, `base` the one that relative patterns and paths of the configuration file
    start from. Patterns are anchored (see `patterns.py`). `layers` are applied in order by `selection.py`. `origins`
    tells for each key that was set where it comes from. `unsafe_fixes` None says that nobody has decided: unsafe fixes
    are not applied, but mentioned. `is_marked` is False where nothing tells where the project begins: `root` is just
    the folder of the files asked for.
    """

    root: Path
    is_marked: bool = True
    base: Path
    config_file: Path | None = None
    layers: tuple[RuleLayer, ...] = ()
    severity: dict[str, Severity] = {}
    per_file_ignores: dict[str, tuple[str, ...]] = {}
    exclude: tuple[str, ...] = DEFAULT_EXCLUDE
    extend_exclude: tuple[str, ...] = ()
    force_exclude: bool = False
    respect_gitignore: bool = True
    include_tests: bool = False
    startup: Level = "silent"
    workers: Level = "silent"
    scripts: Level = "silent"
    tests: Level | None = None
    benchmarks: Level | None = None
    migrations: Level | None = None
    conditional: Level = "silent"
    fix: bool = False
    fix_only: bool = False
    unsafe_fixes: bool | None = None
    show_fixes: bool = False
    src: tuple[str, ...] = (".", "src")
    follow: tuple[str, ...] = ()
    python: Path | None = None
    plugins: tuple[str, ...] = ()
    max_file_size: int = 2_000_000
    target_version: TargetVersion | None = None
    offload_style: OffloadStyle = "auto"
    output_format: OutputFormat = "text"
    cache: bool = True
    cache_dir: Path | None = None
    jobs: int | None = None
    ignore_noqa: bool = False
    libraries: tuple[Library, ...] = ()
    origins: dict[str, str] = {}

    def level(self, where: str) -> Level:
        """What becomes of the diagnostics of one kind: `startup`, `workers`, `tests`, `conditional`, ..."""
        said: Level | None = getattr(self, where)
        return said or ("report" if self.include_tests else "silent")

    @property
    def src_roots(self) -> tuple[Path, ...]:
        """The folders that first-party modules are imported from, as absolute paths."""
        return tuple(Path(os.path.normpath(self.base / folder)) for folder in self.src)


def load_settings(
    paths: Iterable[Path],
    cwd: Path,
    config: Path | None = None,
    isolated: bool = False,
    overrides: Mapping[str, Any] | None = None,
) -> Settings:
    """The settings for checking `paths`; `overrides` has the keys of a configuration file, from the command line."""
    start = _common_folder(paths, cwd)
    marked = project_root(start)
    root = marked or (cwd if start.is_relative_to(cwd) else start)
    file, table = None, None
    if config is not None:
        file = cwd / config
        table = read_table(file)
        if table is None:
            raise ConfigError(f"{config}: has no table `[tool.fastapi-lint]`")
    elif not isolated:
        file, table = _find_config(start)
    # An explicit --config need not lie in the project: its patterns are meant for where the command runs, as in ruff.
    base = cwd if config is not None else file.parent if file is not None else root
    sources = []
    if table is not None:
        sources.append((read_options(table, str(config or file)), base, str(file)))
    if overrides:
        sources.append((read_options(overrides, COMMAND_LINE), cwd, COMMAND_LINE))
    values: dict[str, Any] = {
        "root": root,
        "is_marked": marked is not None or root == cwd,
        "base": base,
        "config_file": file,
        "layers": (),
        "origins": {},
    }
    for options, folder, origin in sources:
        _lay_over(values, options, folder, origin)
    return Settings(**values)


def project_root(start: Path) -> Path | None:
    """The nearest folder, from `start` upwards, that looks like the top of a project."""
    for folder in (start, *start.parents):
        if any((folder / marker).exists() for marker in _ROOT_MARKERS):
            return _outside_packages(folder)
    return None


def _outside_packages(folder: Path) -> Path:
    """The folder from which its own package is imported: a wheel may ship its pyproject.toml inside of the package."""
    while (folder / "__init__.py").exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def _common_folder(paths: Iterable[Path], cwd: Path) -> Path:
    folders = []
    for path in paths:
        absolute = Path(os.path.normpath(cwd / path))
        folders.append(str(absolute if absolute.is_dir() else absolute.parent))
    try:
        return Path(os.path.commonpath(folders)) if folders else cwd
    except ValueError:  # on Windows, paths on several drives have nothing in common
        return cwd


def _find_config(start: Path) -> tuple[Path | None, dict[str, Any] | None]:
    for folder in (start, *start.parents):
        for name in _CONFIG_FILES:
            file = folder / name
            table = read_table(file) if file.is_file() else None
            if table is not None:
                return file, table
    return None, None


def _lay_over(values: dict[str, Any], options: Options, folder: Path, origin: str) -> None:
    """Puts one source of configuration over what is there; only rule selections and `extend-*` add to it."""
    given = options.given()
    values["layers"] += (_layer(options, origin),)
    values["origins"].update(dict.fromkeys(given, origin))
    for key in given:
        name = key.replace("-", "_")
        value = getattr(options, name)
        if name == "per_file_ignores":
            values[name] = {anchored(pattern, folder): codes for pattern, codes in value.items()}
        elif name == "exclude":
            values[name] = tuple(anchored(pattern, folder) for pattern in value)
        elif name == "extend_exclude":
            values[name] = values.get(name, ()) + tuple(anchored(pattern, folder) for pattern in value)
        elif name == "cache_dir":
            values[name] = folder / value
        elif name == "python":
            values[name] = _interpreter(folder, value)
        elif key not in _CATALOGUE_KEYS and name in Settings.__struct_fields__:
            values[name] = value
    values["libraries"] = values.get("libraries", ()) + libraries(options)


def _interpreter(folder: Path, value: str) -> Path:
    """A path relative to `folder`; a bare name that is not there is a command, to be looked for on the PATH."""
    path = folder / value
    return Path(value) if Path(value).name == value and not path.exists() else path


def _layer(options: Options, origin: str) -> RuleLayer:
    return RuleLayer(
        origin=origin,
        select=options.select,
        extend_select=options.extend_select or (),
        ignore=(options.ignore or ()) + (options.extend_ignore or ()),
        fixable=options.fixable,
        extend_fixable=options.extend_fixable or (),
        unfixable=options.unfixable or (),
    )
