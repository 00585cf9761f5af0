"""Configuration: where it is found, what it may say, and how errors name their place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from fastapi_lint.catalogue import Catalogue
from fastapi_lint.config import (
    ConfigError,
    PatternSet,
    PerFileIgnores,
    Settings,
    anchored,
    fixable_rules,
    load_settings,
    project_root,
    selected_rules,
    severity_overrides,
)
from fastapi_lint.diagnostic import Severity


class Rule(msgspec.Struct, frozen=True):
    code: str
    name: str
    default: bool = True


class Rules(msgspec.Struct, frozen=True):
    rules: tuple[Rule, ...]


REGISTRY = Rules(
    (
        Rule("FAL101", "blocking-sleep"),
        Rule("FAL102", "blocking-http"),
        Rule("FAL112", "blocking-fs-metadata", default=False),
        Rule("FAL201", "http-client-per-request"),
        Rule("ACM101", "acme-thing"),
    )
)
DEFAULTS = {"FAL101", "FAL102", "FAL201", "ACM101"}


def write(folder: Path, text: str, name: str = "pyproject.toml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    return folder / name


def settings(tmp_path: Path, text: str = "", **overrides: Any) -> Settings:
    write(tmp_path, text, "fastapi-lint.toml")
    given = {key.replace("_", "-"): value for key, value in overrides.items()}
    return load_settings([tmp_path], tmp_path, overrides=given)


def error(tmp_path: Path, text: str, **overrides: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        settings(tmp_path, text, **overrides)
    return str(caught.value).replace(str(tmp_path) + "/", "")


# -- where it is found


def test_nearest_configuration_wins_and_other_pyprojects_are_passed_over(tmp_path: Path) -> None:
    top = write(tmp_path, '[tool.fastapi-lint]\nselect = ["FAL1"]')
    write(tmp_path / "service", '[project]\nname = "service"')
    (tmp_path / "service" / "app").mkdir()
    found = load_settings([tmp_path / "service" / "app"], tmp_path)
    assert found.config_file == top
    assert found.base == tmp_path
    assert found.root == tmp_path / "service"


def test_own_file_wins_over_pyproject_in_the_same_folder(tmp_path: Path) -> None:
    write(tmp_path, "[tool.fastapi-lint]\ninclude-tests = false")
    own = write(tmp_path, "include-tests = true", "fastapi-lint.toml")
    found = load_settings([tmp_path], tmp_path)
    assert found.config_file == own
    assert found.include_tests


def test_common_folder_of_all_paths_is_where_the_search_starts(tmp_path: Path) -> None:
    write(tmp_path / "one", "[tool.fastapi-lint]\ninclude-tests = true")
    (tmp_path / "two").mkdir()
    assert load_settings([tmp_path / "one"], tmp_path).include_tests
    assert not load_settings([tmp_path / "one", tmp_path / "two"], tmp_path).include_tests


@pytest.mark.parametrize("marker", ["setup.py", "pyproject.toml", "fastapi-lint.toml", ".git"])
def test_root_is_the_nearest_folder_with_a_marker(tmp_path: Path, marker: str) -> None:
    write(tmp_path / "project", "", marker)
    (tmp_path / "project" / "src" / "app").mkdir(parents=True)
    assert load_settings([tmp_path / "project" / "src" / "app" / "main.py"], tmp_path).root == tmp_path / "project"


def test_isolated_ignores_files(tmp_path: Path) -> None:
    write(tmp_path, "[tool.fastapi-lint]\ninclude-tests = true")
    found = load_settings([tmp_path], tmp_path, isolated=True)
    assert not found.include_tests
    assert found.config_file is None


def test_explicit_file_is_used_and_its_patterns_start_from_the_working_folder(tmp_path: Path) -> None:
    write(tmp_path, "[tool.fastapi-lint]\ninclude-tests = true")
    write(tmp_path / "ci", 'exclude = ["gen/api.py"]', "strict.toml")
    found = load_settings([tmp_path], tmp_path, config=Path("ci/strict.toml"))
    assert not found.include_tests
    assert found.exclude == (f"{tmp_path}/gen/api.py",)


def test_explicit_pyproject_without_the_table_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, "[project]\nname = 'x'")
    with pytest.raises(ConfigError, match=r"pyproject.toml: has no table `\[tool.fastapi-lint\]`"):
        load_settings([tmp_path], tmp_path, config=Path("pyproject.toml"))


def test_explicit_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml: No such file"):
        load_settings([tmp_path], tmp_path, config=Path("nowhere.toml"))


# -- what it may say


def test_command_line_overrides_the_file_and_origins_tell(tmp_path: Path) -> None:
    text = 'output-format = "json"\ninclude-tests = true\nextend-exclude = ["a"]'
    found = settings(tmp_path, text, output_format="concise", extend_exclude=["b"])
    assert found.output_format == "concise"
    assert found.include_tests
    assert found.extend_exclude == ("a", "b")
    assert found.origins["output-format"] == "command line"
    assert found.origins["include-tests"].endswith("fastapi-lint.toml")
    assert "src" not in found.origins


def test_paths_of_the_file_are_relative_to_it(tmp_path: Path) -> None:
    found = settings(tmp_path, 'src = ["lib", "."]\ncache-dir = ".cache/lint"')
    assert found.src_roots == (tmp_path / "lib", tmp_path)
    assert found.cache_dir == tmp_path / ".cache/lint"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("selekt = []", "fastapi-lint.toml: unknown key `selekt` (did you mean `select`?)"),
        (
            "per_file_ignores = {}",
            "fastapi-lint.toml: unknown key `per_file_ignores` (did you mean `per-file-ignores`?)",
        ),
        ("qqqqq = 1", "fastapi-lint.toml: unknown key `qqqqq`"),
        ('select = "ALL"', "fastapi-lint.toml: `select`: expected `array`, got `string`"),
        ("select = [1]", "fastapi-lint.toml: `select[0]`: expected `string`, got `integer`"),
        ("jobs = true", "fastapi-lint.toml: `jobs`: expected `integer`, got `boolean`"),
        ('offload-style = "trio"', "fastapi-lint.toml: `offload-style`: invalid enum value 'trio'"),
        ("[severity]\nFAL101 = 'fatal'", "fastapi-lint.toml: `severity[...]`: invalid enum value 'fatal'"),
        ("a = 1\nselect = [", "fastapi-lint.toml: invalid TOML: invalid value at the end of the file"),
        ("a = 1\nselect = = 2", "fastapi-lint.toml:2:10: invalid TOML: invalid value"),
        (
            "[[library]]\nname = 'x'\nmodules = []\n[[library.function]]\nnmaes = []",
            "fastapi-lint.toml: `library[0].function[0]`: object contains unknown field `nmaes`",
        ),
    ],
)
def test_errors_name_file_and_key(tmp_path: Path, text: str, message: str) -> None:
    assert error(tmp_path, text) == message


def test_errors_of_the_command_line_say_so(tmp_path: Path) -> None:
    assert error(tmp_path, "", jobs="x") == "command line: `jobs`: expected `integer`, got `string`"


def test_misspelt_table_is_not_silently_ignored(tmp_path: Path) -> None:
    write(tmp_path, "[tool.fastapi_lint]\nselect = []")
    with pytest.raises(ConfigError, match=r"is named `\[tool.fastapi-lint\]`"):
        load_settings([tmp_path], tmp_path)


def test_file_that_is_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "fastapi-lint.toml").write_bytes(b'select = ["\xff"]')
    with pytest.raises(ConfigError, match=r"fastapi-lint\.toml: not UTF-8"):
        load_settings([tmp_path], tmp_path)


def test_shorthand_becomes_catalogue_entries(tmp_path: Path) -> None:
    text = """
    blocking = ["acme.fetch", { names = ["get"], type = "acme.Client", kind = "http", twin = "acme.AsyncClient" }]
    offload = [{ names = ["acme.in_thread"], args = ["func", 0] }, { names = ["acme.threaded"], decorator = true }]
    safe = [{ names = ["ping"], type = "acme.Client" }]
    [[library]]
    name = "other"
    modules = ["other"]
    """
    other, own = settings(tmp_path, text).libraries
    assert other.name == "other"
    assert own.modules == ("acme",)
    catalogue = Catalogue([other, own])
    fetch, get = catalogue.function("acme.fetch"), catalogue.method("acme.Client", "get")
    assert fetch is not None and fetch.blocks == "sdk"
    assert get is not None and (get.blocks, get.twin) == ("http", "acme.AsyncClient")
    ping = catalogue.method("acme.Client", "ping")
    assert ping is not None and ping.blocks is None
    in_thread, threaded = catalogue.function("acme.in_thread"), catalogue.function("acme.threaded")
    assert in_thread is not None and in_thread.offloads == ("func", 0)
    assert threaded is not None and threaded.decorates == "offloads"


# -- which rules run


@pytest.mark.parametrize(
    ("text", "overrides", "expected"),
    [
        ("", {}, DEFAULTS),
        ('select = ["ALL"]', {}, DEFAULTS | {"FAL112"}),
        ('select = ["FAL1"]', {}, {"FAL101", "FAL102", "FAL112"}),
        ('select = ["FAL"]\nignore = ["FAL1"]', {}, {"FAL201"}),
        ('select = ["FAL101"]\nignore = ["FAL1"]', {}, {"FAL101"}),
        ('select = ["FAL1"]\nignore = ["FAL101"]', {}, {"FAL102", "FAL112"}),
        ('select = ["FAL101"]\nignore = ["FAL101"]', {}, set()),
        ('select = ["blocking-sleep"]', {}, {"FAL101"}),
        ('ignore = ["blocking-sleep"]', {}, DEFAULTS - {"FAL101"}),
        ('extend-select = ["FAL112"]', {}, DEFAULTS | {"FAL112"}),
        ('extend-ignore = ["FAL1"]', {}, {"FAL201", "ACM101"}),
        ("select = []", {}, set()),
        # The command line, exactly as ruff treats it.
        ('select = ["FAL1"]\nignore = ["FAL101"]', {"select": ["FAL1"]}, {"FAL101", "FAL102", "FAL112"}),
        ('select = ["FAL1"]\nignore = ["FAL101"]', {"extend_select": ["FAL101"]}, {"FAL101", "FAL102", "FAL112"}),
        ('select = ["FAL1"]\nignore = ["FAL101"]', {"extend_select": ["FAL201"]}, {"FAL102", "FAL112", "FAL201"}),
        ('select = ["FAL101"]', {"ignore": ["FAL"]}, set()),
        ('select = ["FAL2"]\nextend-select = ["FAL101"]', {"select": ["FAL102"]}, {"FAL102"}),
    ],
)
def test_selection(tmp_path: Path, text: str, overrides: dict[str, Any], expected: set[str]) -> None:
    assert selected_rules(settings(tmp_path, text, **overrides), REGISTRY) == expected


@pytest.mark.parametrize(
    ("selector", "hint"),
    [
        ("FAL999", ""),
        ("fal101", " (did you mean `FAL101`?)"),
        ("blocking-slep", " (did you mean `blocking-sleep`?)"),
        ("FA", ""),
        ("E501", ""),
    ],
)
def test_unknown_selector(tmp_path: Path, selector: str, hint: str) -> None:
    found = settings(tmp_path, f'ignore = ["{selector}"]')
    with pytest.raises(ConfigError) as caught:
        selected_rules(found, REGISTRY)
    assert str(caught.value) == f"{tmp_path / 'fastapi-lint.toml'}: `ignore`: unknown rule `{selector}`{hint}"


def test_fixable(tmp_path: Path) -> None:
    every = {rule.code for rule in REGISTRY.rules}
    assert fixable_rules(settings(tmp_path), REGISTRY) == every
    assert fixable_rules(settings(tmp_path, 'unfixable = ["FAL1"]'), REGISTRY) == {"FAL201", "ACM101"}
    assert fixable_rules(settings(tmp_path, 'fixable = ["FAL1"]\nunfixable=["FAL101"]'), REGISTRY) == {
        "FAL102",
        "FAL112",
    }


def test_severity_overrides_the_more_specific_wins(tmp_path: Path) -> None:
    found = settings(tmp_path, '[severity]\nblocking-sleep = "error"\nFAL1 = "info"')
    assert severity_overrides(found, REGISTRY) == {
        "FAL101": Severity.ERROR,
        "FAL102": Severity.INFO,
        "FAL112": Severity.INFO,
    }
    with pytest.raises(ConfigError, match=r"fastapi-lint.toml: `severity`: unknown rule `X1`"):
        severity_overrides(settings(tmp_path, '[severity]\nX1 = "info"'), REGISTRY)


def test_per_file_ignores(tmp_path: Path) -> None:
    text = '[per-file-ignores]\n"app/legacy/*" = ["FAL1"]\n"__init__.py" = ["FAL201"]\n"!app/**" = ["acme-thing"]'
    ignores = PerFileIgnores(settings(tmp_path, text), REGISTRY)
    first = {"FAL101", "FAL102", "FAL112"}
    assert ignores(tmp_path / "app/legacy/old.py") == first
    assert ignores(tmp_path / "app/legacy/deep/old.py") == first
    assert ignores(tmp_path / "app/__init__.py") == {"FAL201"}
    assert ignores(tmp_path / "app/main.py") == set()
    assert ignores(tmp_path / "other/main.py") == {"ACM101"}


# -- patterns


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("build", "build", True),
        ("build", "a/build/x.py", True),
        ("build", "rebuild/x.py", False),
        ("*_pb2.py", "a/b_pb2.py", True),
        ("api/*.py", "api/x.py", True),
        ("api/*.py", "api/v1/x.py", False),
        ("api/*.py", "other/api/x.py", False),
        ("api/**/x.py", "api/x.py", True),
        ("api/**/x.py", "api/a/b/x.py", True),
        ("api/", "api/x.py", True),
        ("./api/v1", "api/v1/x.py", True),
        ("{a,b}.py", "b.py", True),
        ("{a,b}.py", "c.py", False),
        ("[ab].py", "a.py", True),
        ("[!ab].py", "a.py", False),
        ("[!ab].py", "c.py", True),
        ("a+b.py", "a+b.py", True),
        ("a.py", "abpy", False),
        ("[", "[", True),
    ],
)
def test_patterns(pattern: str, path: str, expected: bool) -> None:
    base = Path("/srv/proj[1]/build")  # the folders above the base are never matched, nor taken as a pattern
    assert PatternSet([anchored(pattern, base)], base).covers(base / path) is expected


def test_the_root_is_never_inside_of_a_package(tmp_path: Path) -> None:
    package = tmp_path / "shop"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "pyproject.toml").touch()
    assert project_root(package) == tmp_path
