"""All rules: the built-in ones, found in their package, and those of plugins."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Container, Iterator
from types import ModuleType

from fastapi_lint.rule import NodeRule, ProjectRule, Rule
from fastapi_lint.rule_info import RegistryError, RuleInfo

# The only place that names the rules' package: the engine knows no rule by name.
_BUILTIN = "fastapi_lint.rules"


__all__ = ["Registry", "RegistryError", "RuleInfo", "load_rules"]


class Registry:
    """Rules by code and name."""

    def __init__(self, rules: list[Rule]) -> None:
        self._rules = sorted(rules, key=lambda rule: rule.code)
        self.rules = tuple(_info(rule) for rule in self._rules)
        self._by_code = {info.code: info for info in self.rules}
        self._by_name = {info.name: info for info in self.rules}
        for key, table in (("code", self._by_code), ("name", self._by_name)):
            if len(table) != len(self.rules):
                values = [getattr(info, key) for info in self.rules]
                twice = next(value for value in values if values.count(value) > 1)
                raise RegistryError(f"two rules have the {key} {twice}")

    def by_code(self, code: str) -> RuleInfo | None:
        return self._by_code.get(code)

    def by_name(self, name: str) -> RuleInfo | None:
        return self._by_name.get(name)

    def rule(self, code: str) -> Rule | None:
        """The rule itself."""
        return next((rule for rule in self._rules if rule.code == code), None)

    def project_rules(self) -> list[ProjectRule]:
        return [rule for rule in self._rules if isinstance(rule, ProjectRule)]

    def node_rules(self) -> list[NodeRule]:
        return [rule for rule in self._rules if isinstance(rule, NodeRule)]


def load_rules(plugins: tuple[str, ...] = (), codes: Container[str] | None = None) -> Registry:
    """Imports every rule module; raises RegistryError for a plugin that cannot be imported.

    With `codes`, of the built-in rules only these: the name of a module begins with the code of its rule.
    """
    rules: list[Rule] = []
    for package in (_BUILTIN, *plugins):
        for module in _modules(package, codes if package == _BUILTIN else None):
            rules += [kind() for kind in _rule_classes(module)]
    return Registry(rules)


def _modules(package: str, codes: Container[str] | None) -> Iterator[ModuleType]:
    try:
        root = importlib.import_module(package)
    except ImportError as error:
        raise RegistryError(f"plugin `{package}` cannot be imported: {error}") from error
    yield root
    for found in pkgutil.iter_modules(getattr(root, "__path__", ()), f"{package}."):
        name = found.name.rpartition(".")[2]
        if not name.startswith("_") and (codes is None or name.partition("_")[0].upper() in codes):
            yield importlib.import_module(found.name)


def _rule_classes(module: ModuleType) -> list[type[Rule]]:
    return [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Rule) and value.__module__ == module.__name__
        if "code" in vars(value)
    ]


def _info(rule: Rule) -> RuleInfo:
    fix = "none" if rule.fix is None else rule.fix.value
    return RuleInfo(rule.code, rule.name, rule.severity, rule.default, fix, rule.documentation())
