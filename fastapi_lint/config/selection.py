"""Which rules run, where, and how severe they are: selectors resolved as ruff resolves them.

A selector is `ALL`, a code (`FAL101`), a prefix of codes (`FAL`, `FAL1`) or a rule's name (`blocking-sleep`). Within
one source of configuration the more specific selector wins, and `ignore` wins a tie; a source with `select` starts
afresh, one without changes what the sources before it selected.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from fastapi_lint.config.options import ConfigError, did_you_mean
from fastapi_lint.config.patterns import PatternSet
from fastapi_lint.config.settings import Settings
from fastapi_lint.diagnostic import Severity

_CODE = re.compile(r"([A-Z]+)(\d*)")
_EXACT = 1000
_Resolved = Mapping[int, frozenset[str]]


class RuleLike(Protocol):
    """What selection needs to know of a rule."""

    @property
    def code(self) -> str:
        """The code, e.g. `FAL101`."""

    @property
    def name(self) -> str:
        """The name, e.g. `blocking-sleep`."""

    @property
    def default(self) -> bool:
        """Whether the rule is on without configuration."""


class RegistryLike(Protocol):
    """What selection needs to know of the registry."""

    @property
    def rules(self) -> Sequence[RuleLike]:
        """All rules that exist."""


def resolve_selector(selector: str, rules: Iterable[RuleLike]) -> tuple[int, frozenset[str]] | None:
    """How specific a selector is and which codes it means; None where it means no rule."""
    rules = list(rules)
    if selector == "ALL":
        return 0, frozenset(rule.code for rule in rules)
    exact = frozenset(rule.code for rule in rules if selector in (rule.code, rule.name))
    if exact:
        return _EXACT, exact
    match = _CODE.fullmatch(selector)
    if match is None:
        return None
    codes = frozenset(rule.code for rule in rules if _has_prefix(rule.code, match.group(1), match.group(2)))
    return (len(selector), codes) if codes else None


def _has_prefix(code: str, letters: str, digits: str) -> bool:
    match = _CODE.match(code)
    return match is not None and match.group(1) == letters and match.group(2).startswith(digits)


def selected_rules(settings: Settings, registry: RegistryLike) -> frozenset[str]:
    """The codes of the rules that run."""
    selected = {rule.code for rule in registry.rules if rule.default}
    for layer in settings.layers:
        on = _resolve((*(layer.select or ()), *layer.extend_select), "select", layer.origin, registry)
        off = _resolve(layer.ignore, "ignore", layer.origin, registry)
        selected = _apply(set() if layer.select is not None else selected, on, off)
    return frozenset(selected)


def fixable_rules(settings: Settings, registry: RegistryLike) -> frozenset[str]:
    """The codes of the rules whose fixes may be applied."""
    fixable = {rule.code for rule in registry.rules}
    for layer in settings.layers:
        on = _resolve((*(layer.fixable or ()), *layer.extend_fixable), "fixable", layer.origin, registry)
        off = _resolve(layer.unfixable, "unfixable", layer.origin, registry)
        fixable = _apply(set() if layer.fixable is not None else fixable, on, off)
    return frozenset(fixable)


def severity_overrides(settings: Settings, registry: RegistryLike) -> dict[str, Severity]:
    """The configured severity by code, for the rules that have one; the more specific selector wins."""
    origin = settings.origins.get("severity", "")
    resolved = [(*_resolve_one(key, "severity", origin, registry), level) for key, level in settings.severity.items()]
    return {code: level for _, codes, level in sorted(resolved, key=lambda item: item[0]) for code in codes}


def _apply(selected: set[str], on: _Resolved, off: _Resolved) -> set[str]:
    """At each level of specificity first what turns rules on, then what turns them off."""
    for level in sorted({*on, *off}):
        selected = (selected | on.get(level, frozenset())) - off.get(level, frozenset())
    return selected


def _resolve(selectors: Iterable[str], key: str, origin: str, registry: RegistryLike) -> _Resolved:
    levels: dict[int, frozenset[str]] = {}
    for selector in selectors:
        level, codes = _resolve_one(selector, key, origin, registry)
        levels[level] = levels.get(level, frozenset()) | codes
    return levels


def _resolve_one(selector: str, key: str, origin: str, registry: RegistryLike) -> tuple[int, frozenset[str]]:
    resolved = resolve_selector(selector, registry.rules)
    if resolved is None:
        known = [word for rule in registry.rules for word in (rule.code, rule.name)]
        word = selector.upper() if selector.upper() in known else selector
        hint = did_you_mean(word, known) or did_you_mean(selector.lower(), known)
        raise ConfigError(f"{origin}: `{key}`: unknown rule `{selector}`{hint}")
    return resolved


class PerFileIgnores:
    """The codes that `per-file-ignores` turns off, by file; raises ConfigError for unknown rules on construction."""

    def __init__(self, settings: Settings, registry: RegistryLike) -> None:
        origin = settings.origins.get("per-file-ignores", "")
        self._entries: list[tuple[bool, PatternSet, frozenset[str]]] = []
        for pattern, selectors in settings.per_file_ignores.items():
            codes: set[str] = set()
            for selector in selectors:
                codes |= _resolve_one(selector, "per-file-ignores", origin, registry)[1]
            negated = pattern.startswith("!")
            patterns = PatternSet([pattern.removeprefix("!")], settings.base)
            self._entries.append((negated, patterns, frozenset(codes)))

    def __call__(self, path: Path) -> frozenset[str]:
        """The codes that are ignored in the file with this absolute path."""
        ignored = [codes for negated, patterns, codes in self._entries if patterns.covers(path) != negated]
        return frozenset().union(*ignored)
