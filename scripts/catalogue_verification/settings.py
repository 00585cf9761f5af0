"""`scripts/catalogue_exceptions.toml`: what to look at for a library, and what cannot be found by reading."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec

if sys.version_info >= (3, 11):
    import tomllib
else:  # the standard library has a TOML reader from 3.11 on only
    import tomli as tomllib


class ExceptionSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Names (`*` stands for anything) that are right although the source does not show them, and why."""

    names: tuple[str, ...]
    reason: str


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`distributions` holds requirements: the current one first, then stubs, dependencies and older versions."""

    distributions: dict[str, tuple[str, ...]] = {}
    exception: tuple[ExceptionSpec, ...] = ()
    # coroutine functions that a decorator makes blocking ones
    blocking: tuple[ExceptionSpec, ...] = ()


def load_settings(path: Path) -> Settings:
    return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Settings)


@dataclass
class Allowed:
    """Exceptions that note their use, so that those no longer needed come to light."""

    specs: tuple[ExceptionSpec, ...]
    used: set[str] = field(default_factory=set)

    def reason(self, name: str) -> str | None:
        for spec in self.specs:
            for pattern in spec.names:
                if fnmatchcase(name, pattern):
                    self.used.add(pattern)
                    return spec.reason
        return None

    def unused(self) -> list[str]:
        return [pattern for spec in self.specs for pattern in spec.names if pattern not in self.used]
