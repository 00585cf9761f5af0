"""What holds for every rule: its declaration, its file, its documentation, its fixtures, its imports."""

from __future__ import annotations

import ast
import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from fixture_cases import ROOT, cases_in, faults, rule_folders
from rule_facts import ENGINE_RULES, REPOSITORY, RULES, TABLE, examples, rule_file, sections

from fastapi_lint import api
from fastapi_lint.config import load_settings
from fastapi_lint.engine import CheckRequest, check
from fastapi_lint.registry import RuleInfo, load_rules
from fastapi_lint.testing import expectations

RULE_FILES = sorted((REPOSITORY / "rules").glob("*.py"))
# Rules whose fixtures are still being written.
WITHOUT_FIXTURES: frozenset[str] = frozenset()


def _code(info: RuleInfo) -> str:
    return info.code


def _stem(path: Path) -> str:
    return path.stem


def test_table_is_sound() -> None:
    assert all(re.fullmatch(r"FAL[0-7]\d{2}", code) for code in TABLE)
    names = [row["name"] for row in TABLE.values()]
    assert len(set(names)) == len(names)
    assert list(TABLE) == sorted(TABLE)


def test_codes_and_names_are_unique() -> None:
    assert len({info.code for info in RULES}) == len({info.name for info in RULES}) == len(RULES)


@pytest.mark.parametrize("info", RULES, ids=_code)
def test_declaration_agrees_with_the_table(info: RuleInfo) -> None:
    assert re.fullmatch(r"FAL\d{3}", info.code)
    assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", info.name)
    row = TABLE[info.code]
    assert (info.name, info.severity.value, info.default) == (row["name"], row["severity"], row["default"])
    assert info.fix in ("none", *row["fix"])


@pytest.mark.parametrize("info", RULES, ids=_code)
def test_file_is_named_after_the_rule(info: RuleInfo) -> None:
    assert rule_file(info).is_file()


def test_every_file_holds_one_rule_or_is_private() -> None:
    expected = {rule_file(info) for info in RULES}
    assert {file for file in RULE_FILES if not file.name.startswith("_")} == expected


@pytest.mark.parametrize("info", RULES, ids=_code)
def test_documentation_has_its_parts(info: RuleInfo) -> None:
    first, blank, *_ = [*info.doc.splitlines(), "", ""]
    assert re.fullmatch(r"(?:[A-Z]|`).*[^.]\.", first), first
    assert blank == ""
    wanted = ["What it does", "Why is this bad?"]
    if info.code not in ENGINE_RULES:
        wanted += ["Example", "Use instead"]
    found = sections(info)
    assert [heading for heading in found if heading in wanted] == wanted
    assert all(found.values())
    assert set(found) - set(wanted) <= {"Fix safety", "Options", "Limits", "References"}


@pytest.mark.parametrize("info", [info for info in RULES if info.code not in ENGINE_RULES], ids=_code)
def test_rule_has_fixtures(info: RuleInfo) -> None:
    """At least one that expects it and one that is silent; a rule that got them leaves the list of those without."""
    cases = cases_in(ROOT / info.code) if (ROOT / info.code).is_dir() else []
    kinds = {case.name.partition("_")[0] for case in cases}
    assert kinds == (set() if info.code in WITHOUT_FIXTURES else {"report", "silent"})


def test_every_folder_of_fixtures_belongs_to_a_code() -> None:
    assert {folder.name for folder in rule_folders()} <= set(TABLE)


@pytest.mark.parametrize("file", RULE_FILES, ids=_stem)
def test_rules_import_only_the_api_and_siblings(file: Path) -> None:
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            assert not any(alias.name.split(".")[0] in ("fastapi_lint", "rules") for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level:
            assert node.level == 1
            assert (node.module or "").startswith("_")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in ("fastapi_lint", "rules"):
            assert node.module == "fastapi_lint.api"
            assert {alias.name for alias in node.names} <= set(api.__all__)


@pytest.mark.parametrize("file", RULE_FILES, ids=_stem)
def test_rules_keep_no_state(file: Path) -> None:
    """Rules are made once and asked many times, in several processes: nothing may be left over."""
    for node in ast.walk(ast.parse(file.read_bytes())):
        assert not isinstance(node, (ast.Global, ast.Nonlocal))
        assert not (isinstance(node, ast.FunctionDef) and node.name == "__init__")
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            assert not (isinstance(node.value, ast.Name) and node.value.id == "self")


@pytest.mark.parametrize("name", api.__all__)
def test_the_api_has_what_it_names(name: str) -> None:
    assert getattr(api, name).__module__.startswith("fastapi_lint.")


def test_a_rule_can_be_loaded_alone() -> None:
    for info in RULES:
        assert [found.code for found in load_rules((), {info.code}).rules] == [info.code]


def test_rules_on_nodes_need_no_project_model() -> None:
    """What extracts files in other processes loads these only: to import the model takes longer than all the rest."""
    codes = {rule.code for rule in load_rules().node_rules()}
    program = (
        f"from fastapi_lint import workers, registry; registry.load_rules((), {codes}); import sys; print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    modules = done.stdout.split()
    assert "fastapi_lint.extract" in modules
    assert not [name for name in modules if name.startswith(("fastapi_lint.project", "fastapi_lint.repair"))]


def test_rules_are_found_in_the_same_order_each_time() -> None:
    assert load_rules().rules == RULES
    assert [info.code for info in RULES] == sorted(info.code for info in RULES)


def _script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, REPOSITORY / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _unused_code() -> str:
    return next(code for code in TABLE if code not in {info.code for info in RULES})


@pytest.mark.parametrize("family", ["node", "project"])
def test_new_rule_passes_the_tests(family: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a plugin, so that the rules of this repository stay as they are."""
    code = _unused_code()
    name = TABLE[code]["name"]
    _script("new_rule").write_rule(code, name, family, tmp_path)
    plugin = f"acme_{family}_rules"
    shutil.copytree(tmp_path / "rules", tmp_path / "path" / plugin)
    (tmp_path / "path" / plugin / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path / "path")
    info = load_rules((plugin,)).by_code(code)
    assert info is not None
    test_declaration_agrees_with_the_table(info)
    test_documentation_has_its_parts(info)
    test_rules_import_only_the_api_and_siblings(rule_file(info, tmp_path))
    test_rules_keep_no_state(rule_file(info, tmp_path))
    settings = load_settings(
        [], tmp_path, isolated=True, overrides={"plugins": [plugin], "select": ["ALL"], "cache": False}
    )

    def lint(content: bytes) -> set[tuple[int, str]]:
        result = check(CheckRequest((), settings, tmp_path / "none", ("example.py", content)))
        return {(each.location.row, each.code) for each in result.diagnostics}

    assert [{found for _, found in lint(text.encode())} for text in examples(info, "Example")] == [{code}]
    assert [lint(text.encode()) for text in examples(info, "Use instead")] == [set()]
    for case in cases_in(tmp_path / "tests" / "fixtures" / code):
        assert list(faults(case)) == []
        assert lint(case.read_bytes()) == {(row, expected) for _, row, expected in expectations(case)}


def test_new_rule_refuses_codes_that_are_taken(tmp_path: Path) -> None:
    write_rule = _script("new_rule").write_rule
    code = _unused_code()
    with pytest.raises(ValueError, match="no such code"):
        write_rule("FAL999", "anything", "node", tmp_path)
    with pytest.raises(ValueError, match="its name is"):
        write_rule(code, "another-name", "node", tmp_path)
    with pytest.raises(ValueError, match="exists already"):
        write_rule("FAL101", "blocking-sleep", "node", REPOSITORY)
