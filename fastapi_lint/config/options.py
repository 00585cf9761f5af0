"""What may be configured: the keys, their types, and errors that say where something is wrong.

A configuration file and the command line fill the same `Options`; `settings.py` lays them over the defaults.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, get_args

import msgspec

from fastapi_lint.catalogue import BlockKind, EntryKind, Library, Where
from fastapi_lint.diagnostic import Severity

if sys.version_info >= (3, 11):
    import tomllib
else:  # the standard library has a TOML reader from 3.11 on only
    import tomli as tomllib

OutputFormat = Literal["text", "full", "concise", "json", "json-lines", "github", "gitlab", "sarif", "junit"]
OffloadStyle = Literal["auto", "asyncio", "anyio", "starlette", "asyncer"]
TargetVersion = Literal["py38", "py39", "py310", "py311", "py312", "py313", "py314"]
TARGET_VERSIONS: tuple[TargetVersion, ...] = get_args(TargetVersion)
Level = Literal["silent", "lower", "report"]
"""What becomes of a diagnostic outside of request handling: nothing, one severity less, or the same as anywhere."""

_TOML_NAMES = {"int": "integer", "str": "string", "bool": "boolean", "object": "table"}


class ConfigError(Exception):
    """A configuration that cannot be used; the text names the file (or the command line) and the key."""


class Blocking(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Shorthand for calls that block: qualified functions, or methods of `type`."""

    names: tuple[str, ...]
    type: str | None = None
    kind: BlockKind = "sdk"
    twin: str | None = None


class Offload(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Shorthand for helpers that run the callable in `args` off the event loop (or, as decorators, the function)."""

    names: tuple[str, ...]
    type: str | None = None
    args: tuple[int | str, ...] = (0,)
    decorator: bool = False


class Safe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Shorthand for calls that never block, whatever the catalogue or their source says."""

    names: tuple[str, ...]
    type: str | None = None


class EntryPoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Shorthand for registrations: decorators, or calls that are handed the callable in `args`."""

    names: tuple[str, ...]
    kind: EntryKind
    type: str | None = None
    args: tuple[int | str, ...] = ()
    decorator: bool | None = None
    where: Where | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for an entry that could never register anything."""
        if not self.names:
            raise ValueError("`names` is empty")
        for name in self.names:
            if self.type is None and "." not in name:
                raise ValueError(f"`{name}` is not a qualified name; a method needs its `type`")
        if self.decorator is False and not self.args:
            raise ValueError("needs `args`, or `decorator = true`")


class Options(msgspec.Struct, frozen=True, kw_only=True, rename="kebab"):
    """One source of configuration; None means that the source does not speak of the key."""

    select: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] | None = None
    extend_ignore: tuple[str, ...] | None = None
    fixable: tuple[str, ...] | None = None
    extend_fixable: tuple[str, ...] | None = None
    unfixable: tuple[str, ...] | None = None
    fix: bool | None = None
    fix_only: bool | None = None
    unsafe_fixes: bool | None = None
    show_fixes: bool | None = None
    severity: dict[str, Severity] | None = None
    per_file_ignores: dict[str, tuple[str, ...]] | None = None
    exclude: tuple[str, ...] | None = None
    extend_exclude: tuple[str, ...] | None = None
    force_exclude: bool | None = None
    respect_gitignore: bool | None = None
    include_tests: bool | None = None
    startup: Level | None = None
    workers: Level | None = None
    scripts: Level | None = None
    tests: Level | None = None
    benchmarks: Level | None = None
    migrations: Level | None = None
    conditional: Level | None = None
    src: tuple[str, ...] | None = None
    follow: tuple[str, ...] | None = None
    python: str | None = None
    plugins: tuple[str, ...] | None = None
    max_file_size: int | None = None
    target_version: TargetVersion | None = None
    offload_style: OffloadStyle | None = None
    output_format: OutputFormat | None = None
    cache: bool | None = None
    cache_dir: str | None = None
    jobs: int | None = None
    library: tuple[Library, ...] | None = None
    blocking: tuple[Blocking | str, ...] | None = None
    offload: tuple[Offload | str, ...] | None = None
    safe: tuple[Safe | str, ...] | None = None
    entry_points: tuple[EntryPoint, ...] | None = None

    def given(self) -> Iterable[str]:
        """The keys that this source sets, as they are spelled in a file."""
        return [field.encode_name for field in _FIELDS.values() if getattr(self, field.name) is not None]


_FIELDS = {field.encode_name: field for field in msgspec.structs.fields(Options)}


def read_options(table: Mapping[str, Any], origin: str) -> Options:
    """The options of a TOML table; raises ConfigError naming `origin` and the key."""
    values: dict[str, Any] = {}
    for key, value in table.items():
        field = _FIELDS.get(key)
        if field is None:
            raise ConfigError(f"{origin}: unknown key `{key}`{did_you_mean(key.replace('_', '-'), _FIELDS)}")
        try:
            values[field.name] = msgspec.convert(value, field.type)
        except msgspec.ValidationError as error:
            raise ConfigError(f"{origin}: {_explain(key, str(error))}") from error
    return Options(**values)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """` (did you mean ...?)` with the closest known word, or nothing."""
    import difflib

    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f" (did you mean `{close[0]}`?)" if close else ""


def _explain(key: str, message: str) -> str:
    """The validator's message in the words of TOML, with the path of the wrong value in front."""
    text, _, path = message.partition(" - at `")
    text = text.replace(" | null", "")
    where = key + path.removesuffix("`").removeprefix("$") if path else key
    for name, toml in _TOML_NAMES.items():
        text = re.sub(rf"`([^`]*)\b{name}\b", rf"`\1{toml}", text)
    return f"`{where}`: {text[0].lower()}{text[1:]}"


def read_table(path: Path) -> dict[str, Any] | None:
    """The table that configures fastapi-lint in the TOML file `path`: None where a pyproject.toml has none."""
    document = read_toml(path)
    tool = document.get("tool")
    if isinstance(tool, dict):
        if "fastapi-lint" not in tool and "fastapi_lint" in tool:
            raise ConfigError(f"{path}: the table is named `[tool.fastapi-lint]`, not `[tool.fastapi_lint]`")
        table = tool.get("fastapi-lint")
        if isinstance(table, dict):
            return table
        if table is not None:
            raise ConfigError(f"{path}: `tool.fastapi-lint` must be a table")
    return None if path.name == "pyproject.toml" else document


def read_toml(path: Path) -> dict[str, Any]:
    """The whole document; raises ConfigError where it cannot be read or is no TOML."""
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 ({error.reason})") from error
    except tomllib.TOMLDecodeError as error:
        place = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", str(error))
        if place is None:
            raise ConfigError(f"{path}: invalid TOML: {error}") from error
        text = str(error)[: place.start()]
        at = f":{place.group(1)}:{place.group(2)}" if place.group(1) else ""
        ending = "" if at else " at the end of the file"
        raise ConfigError(f"{path}{at}: invalid TOML: {text[:1].lower()}{text[1:]}{ending}") from error
