"""Configuration: what the user wrote, resolved into the settings of one run."""

from __future__ import annotations

from fastapi_lint.config.options import (
    ConfigError,
    Level,
    Options,
    OutputFormat,
    did_you_mean,
    read_options,
)
from fastapi_lint.config.patterns import PatternSet, anchored
from fastapi_lint.config.selection import (
    PerFileIgnores,
    RegistryLike,
    RuleLike,
    fixable_rules,
    resolve_selector,
    selected_rules,
    severity_overrides,
)
from fastapi_lint.config.settings import (
    DEFAULT_EXCLUDE,
    RuleLayer,
    Settings,
    load_settings,
    project_root,
)
from fastapi_lint.config.target import oldest_python

__all__ = [
    "DEFAULT_EXCLUDE",
    "ConfigError",
    "Level",
    "Options",
    "OutputFormat",
    "PatternSet",
    "PerFileIgnores",
    "RegistryLike",
    "RuleLayer",
    "RuleLike",
    "Settings",
    "anchored",
    "did_you_mean",
    "fixable_rules",
    "load_settings",
    "oldest_python",
    "project_root",
    "read_options",
    "resolve_selector",
    "selected_rules",
    "severity_overrides",
]
