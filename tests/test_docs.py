"""The documentation tells the truth: its samples are real, its links lead somewhere, its keys are all of them."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from fastapi_lint.catalogue import load_catalogue
from fastapi_lint.cli import main
from fastapi_lint.config import load_settings, read_options
from fastapi_lint.config.options import Options

if sys.version_info >= (3, 11):
    import tomllib
else:  # the standard library has a TOML reader from 3.11 on only
    import tomli as tomllib

REPOSITORY = Path(__file__).parent.parent
PAGES = [REPOSITORY / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
PAGES += sorted((REPOSITORY / "docs").rglob("*.md"))


def _name(page: Path) -> str:
    return page.relative_to(REPOSITORY).as_posix()


def _blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_links_lead_somewhere(page: Path) -> None:
    prose = re.sub(r"^```.*?^```$|`[^`\n]*`", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)#]+)", prose):
        assert "://" in target or (page.parent / target).exists(), target


def test_diagnostic_in_the_readme_is_a_real_one(monkeypatch: pytest.MonkeyPatch) -> None:
    (sample,) = _blocks(REPOSITORY / "README.md", "text")
    monkeypatch.chdir(REPOSITORY)
    monkeypatch.setenv("COLUMNS", "160")
    result = CliRunner().invoke(main, ["--no-cache", "--exit-zero", "examples/shop/slow"])
    assert sample in result.stdout


@pytest.mark.parametrize("page", ["README.md", "docs/configuration.md"])
def test_configuration_samples_are_valid(page: str, tmp_path: Path) -> None:
    blocks = _blocks(REPOSITORY / page, "toml")
    assert blocks
    for block in blocks:
        read_options(tomllib.loads(block)["tool"]["fastapi-lint"], page)
        (tmp_path / "pyproject.toml").write_text(block, encoding="utf-8")
        load_catalogue(load_settings([tmp_path], tmp_path).libraries)


def test_every_key_of_the_configuration_is_documented() -> None:
    text = (REPOSITORY / "docs" / "configuration.md").read_text("utf-8")
    keys = [name.replace("_", "-") for name in Options.__struct_fields__]
    assert [key for key in keys if f"`{key}`" not in text] == []
