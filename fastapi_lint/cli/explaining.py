"""Commands that explain: one rule, all rules, the settings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from fastapi_lint.cli.boundary import OK
from fastapi_lint.cli.checking import user_errors
from fastapi_lint.cli.terminal import write
from fastapi_lint.config import Settings, did_you_mean, load_settings

if TYPE_CHECKING:
    from fastapi_lint.registry import Registry, RuleInfo


def explain_rule(word: str, output_format: str, config: Path | None, isolated: bool) -> int:
    """Prints the documentation of the rule with this code or name."""
    registry = _registry(config, isolated)
    info = registry.by_code(word.upper()) or registry.by_name(word.lower())
    if info is None:
        known = [name for each in registry.rules for name in (each.code, each.name)]
        hint = did_you_mean(word.upper(), known) or did_you_mean(word.lower(), known)
        raise click.UsageError(f"unknown rule `{word}`{hint}; `fastapi-lint rules` lists them all.")
    if output_format == "json":
        write([json.dumps(_rule_object(info), indent=2, ensure_ascii=False)])
        return OK
    state = "on by default" if info.default else "off by default"
    fix = "no fix" if info.fix == "none" else f"{info.fix} fix where one is possible"
    head = f"# {info.name} ({info.code})"
    write([head, "", f"Severity {info.severity.value}, {state}, {fix}.", "", info.doc.rstrip()])
    return OK


def list_rules(output_format: str, config: Path | None, isolated: bool) -> int:
    """Prints one line for each rule."""
    rules = _registry(config, isolated).rules
    if output_format == "json":
        write([json.dumps([_rule_object(each) for each in rules], indent=2, ensure_ascii=False)])
        return OK
    width = max((len(each.name) for each in rules), default=0)
    write(
        f"{each.code}  {each.name:<{width}}  {each.severity.value:<7}  {'on ' if each.default else 'off'}  "
        f"{'-' if each.fix == 'none' else each.fix:<6}  {each.summary}".rstrip()
        for each in rules
    )
    return OK


def show_config(paths: tuple[Path, ...], output_format: str, config: Path | None, isolated: bool) -> int:
    """Prints every setting and where it comes from."""
    with user_errors():
        settings = load_settings(paths or (Path(),), Path.cwd(), config, isolated)
        write(settings_lines(settings, output_format))
    return OK


def settings_lines(settings: Settings, output_format: str) -> Iterator[str]:
    """The settings as `key = value  # origin`, or as JSON."""
    rows = list(_settings_rows(settings))
    if output_format == "json":
        document = {
            "root": str(settings.root),
            "config-file": str(settings.config_file) if settings.config_file is not None else None,
            "settings": {key: {"value": value, "origin": origin} for key, value, origin in rows},
        }
        yield json.dumps(document, indent=2, ensure_ascii=False)
        return
    yield f"# project root: {settings.root}"
    yield f"# configuration file: {settings.config_file or 'none'}"
    for key, value, origin in rows:
        yield f"{key} = {json.dumps(value, ensure_ascii=False)}  # {origin}"


def _settings_rows(settings: Settings) -> Iterator[tuple[str, Any, str]]:
    for layer in settings.layers:
        for name in ("select", "extend_select", "ignore", "fixable", "extend_fixable", "unfixable"):
            value = getattr(layer, name)
            if value:
                yield name.replace("_", "-"), list(value), layer.origin
    skipped = {"root", "base", "config_file", "layers", "origins", "libraries", "ignore_noqa"}
    for name in Settings.__struct_fields__:
        if name not in skipped:
            key = name.replace("_", "-")
            value = msgspec.to_builtins(getattr(settings, name), enc_hook=str)
            yield key, value, settings.origins.get(key, "default")
    yield "libraries", [each.name for each in settings.libraries], _catalogue_origin(settings)


def _catalogue_origin(settings: Settings) -> str:
    keys = ("library", "blocking", "offload", "safe", "entry-points")
    origins = [settings.origins[key] for key in keys if key in settings.origins]
    return origins[0] if origins else "default"


def _registry(config: Path | None, isolated: bool) -> Registry:
    from fastapi_lint.registry import load_rules

    with user_errors():
        settings = load_settings((Path(),), Path.cwd(), config, isolated)
        return load_rules(settings.plugins)


def _rule_object(info: RuleInfo) -> dict[str, Any]:
    return {
        "code": info.code,
        "name": info.name,
        "severity": info.severity.value,
        "default": info.default,
        "fix": info.fix,
        "summary": info.summary,
        "doc": info.doc,
    }
