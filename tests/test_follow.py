"""`--follow`: calls through packages of the environment are seen, and nothing is reported in them."""

from __future__ import annotations

import json
import os
from inspect import signature
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fastapi_lint.cli import main
from fastapi_lint.config import load_settings
from fastapi_lint.diagnostic import Diagnostic
from fastapi_lint.engine import CheckRequest, CheckResult, check
from fastapi_lint.environment import FollowError, follow

SITE = "lib/python3.12/site-packages"
CLIENT = """\
import time


def fetch(key):
    time.sleep(1)
    return key


async def afetch(key):
    return fetch(key)


async def quick(key):
    return key
"""
APP = """\
from acme.client import {name}
from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def index():
    {call}
"""


def write(file: Path, text: str = "") -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(dedent(text))
    return file


def package(folder: Path, name: str = "acme", client: str = CLIENT) -> None:
    write(folder / name / "__init__.py")
    write(folder / name / "client.py", client)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    folder = tmp_path / "shop"
    folder.mkdir()
    monkeypatch.chdir(folder)
    write(folder / "pyproject.toml", "[project]\nname = 'shop'\n")
    write(folder / "app.py", APP.format(name="fetch", call="return fetch(1)"))
    return folder


def run(root: Path, *packages: str, **overrides: Any) -> CheckResult:
    given = {"follow": list(packages), "cache": False, "select": ["FAL1"], **overrides}
    settings = load_settings([root], root, isolated=True, overrides=given)
    return check(CheckRequest((root,), settings, settings.root))


def run_command(*words: str) -> Result:
    # click before 8.2 mixes stderr into stdout unless told not to.
    separate: dict[str, Any] = {"mix_stderr": False} if "mix_stderr" in signature(CliRunner).parameters else {}
    return CliRunner(**separate).invoke(main, list(words))


def places(result: CheckResult) -> list[tuple[str, int, str]]:
    return [(Path(each.filename).name, each.location.row, each.code) for each in result.diagnostics]


def hops(diagnostic: Diagnostic) -> list[tuple[str, int]]:
    return [(hop.filename, hop.row) for hop in diagnostic.chain]


CALL = [("app.py", 9, "FAL101")]


# -- what is reported


def test_without_follow_a_library_is_unknown(root: Path) -> None:
    package(root / ".venv" / SITE)
    assert places(run(root)) == []


def test_calls_through_a_followed_package_are_seen_and_the_chain_can_be_opened(root: Path) -> None:
    package(root / ".venv" / SITE)
    settings = load_settings([Path()], root, overrides={"follow": ["acme"], "cache": False})
    result = check(CheckRequest((Path(),), settings, root))
    assert places(result) == CALL
    inside = f".venv/{SITE}/acme/client.py"
    assert hops(result.diagnostics[0]) == [("app.py", 9), (inside, 5)]
    assert Path(inside).is_file()


def test_the_environment_may_lie_outside_of_the_project(root: Path, tmp_path: Path) -> None:
    package(tmp_path / "env" / SITE)
    result = run(root, "acme", python="../env")
    assert places(result) == CALL
    last = result.diagnostics[0].chain[-1]
    assert Path(last.filename).read_text().splitlines()[last.row - 1].strip() == "time.sleep(1)"


def test_a_blocking_coroutine_of_a_followed_package_is_reported_where_it_is_awaited(root: Path) -> None:
    package(root / ".venv" / SITE)
    write(root / "app.py", APP.format(name="afetch", call="return await afetch(1)"))
    assert places(run(root, "acme")) == CALL


def test_a_coroutine_that_does_not_block_is_not(root: Path) -> None:
    package(root / ".venv" / SITE)
    write(root / "app.py", APP.format(name="quick", call="return await quick(1)"))
    assert places(run(root, "acme")) == []


def test_what_a_followed_package_makes_per_request_is_reported_at_the_call(root: Path) -> None:
    client = "import httpx\n\n\ndef fetch(key):\n    return httpx.AsyncClient()\n"
    package(root / ".venv" / SITE, client=client)
    result = run(root, "acme", select=["FAL2"])
    assert places(result) == [("app.py", 9, "FAL201")]
    assert [Path(name).name for name, _ in hops(result.diagnostics[0])] == ["app.py", "app.py", "client.py"]


def test_offloaded_calls_stay_silent(root: Path) -> None:
    package(root / ".venv" / SITE)
    text = APP.format(name="fetch", call="return await asyncio.to_thread(fetch, 1)")
    write(root / "app.py", f"import asyncio\n{text}")
    assert places(run(root, "acme")) == []


def test_routes_of_a_followed_package_are_not_reported(root: Path) -> None:
    package(
        root / ".venv" / SITE,
        client=APP.format(name="fetch", call="time.sleep(1)").replace("from acme", "import time\nfrom acme"),
    )
    assert places(run(root, "acme")) == []


def test_a_followed_package_does_not_import_what_the_project_happens_to_hold(root: Path) -> None:
    package(root / ".venv" / SITE, client="from tools import wait\n\n\ndef fetch(key):\n    wait()\n")
    write(root / "tools.py", "import time\n\n\ndef wait():\n    time.sleep(1)\n")
    assert places(run(root, "acme")) == []


def test_followed_packages_see_each_other(root: Path) -> None:
    package(root / ".venv" / SITE, client="from base.client import fetch as fetch\n")
    package(root / ".venv" / SITE, "base")
    assert places(run(root, "acme")) == []
    assert places(run(root, "acme", "base")) == CALL


def test_broken_files_of_a_followed_package_are_not_reported(root: Path) -> None:
    package(root / ".venv" / SITE)
    write(root / ".venv" / SITE / "acme" / "broken.py", "x = = 1\n")
    assert places(run(root, "acme", select=["FAL0", "FAL1"])) == CALL


def test_the_command_line(root: Path) -> None:
    package(root / "env" / SITE)
    found = run_command("check", "-n", "--follow", "acme", "--python", "env", "--output-format", "concise", ".")
    assert found.exit_code == 1
    assert found.stdout.startswith("app.py:9:12: FAL101")
    missing = run_command("check", "-n", "--follow", "acme,base", "--python", "env", ".")
    assert (missing.exit_code, missing.stdout) == (2, "")
    assert "no package `base`" in missing.stderr
    without = run_command("check", "-n", "--follow", "acme", ".")
    assert without.exit_code == 2
    assert str(root / ".venv") in without.stderr


def test_the_configuration_file_names_the_environment_from_where_it_stands(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package(root / "env" / SITE)
    write(root / "fastapi-lint.toml", 'follow = ["acme"]\npython = "env"\n')
    (root / "inner").mkdir()
    monkeypatch.chdir(root / "inner")
    assert run_command("check", "-n", "--output-format", "concise", "..").exit_code == 1
    assert '"acme"' in run_command("config", "..").stdout


# -- where packages are


def test_a_module_of_its_own(root: Path) -> None:
    write(root / ".venv" / SITE / "acme_client.py", CLIENT)
    write(root / "app.py", APP.format(name="fetch", call="return fetch(1)").replace("acme.client", "acme_client"))
    assert places(run(root, "acme_client")) == CALL


def test_a_distribution_named_otherwise_than_its_modules(root: Path) -> None:
    site = root / ".venv" / SITE
    package(site)
    write(
        site / "acme_sdk-1.0.dist-info" / "RECORD",
        "acme/__init__.py,,\nacme/client.py,,\nacme_sdk-1.0.dist-info/RECORD,,\n",
    )
    assert places(run(root, "Acme.SDK")) == CALL


def test_portions_of_a_namespace_package(root: Path, tmp_path: Path) -> None:
    write(
        root / ".venv" / SITE / "acme" / "client.py",
        CLIENT.replace("time.sleep(1)", "wait()").replace("import time", "from acme.waiting import wait"),
    )
    write(tmp_path / "other" / "acme" / "waiting.py", "import time\n\n\ndef wait():\n    time.sleep(1)\n")
    write(root / ".venv" / SITE / "other.pth", f"# a comment\n\n{tmp_path / 'other'}\n")
    assert places(run(root, "acme")) == CALL
    assert places(run(root, "acme.client")) == CALL[:0]
    assert places(run(root, "acme.client", "acme.waiting")) == CALL


def test_editable_install_by_a_path_file(root: Path, tmp_path: Path) -> None:
    package(tmp_path / "acme" / "src")
    write(root / ".venv" / SITE / "__editable__.acme-1.0.pth", f"{tmp_path / 'acme' / 'src'}\n")
    assert places(run(root, "acme")) == CALL


def test_editable_install_by_a_finder_of_setuptools(root: Path, tmp_path: Path) -> None:
    package(tmp_path / "repository", "code")
    site = root / ".venv" / SITE
    write(
        site / "__editable__.acme-1.0.pth",
        "import __editable___acme_1_0_finder; __editable___acme_1_0_finder.install()\n",
    )
    mapping = {"acme": str(tmp_path / "repository" / "code")}
    write(
        site / "__editable___acme_1_0_finder.py",
        f"raise SystemExit('executed')\nMAPPING: dict[str, str] = {mapping!r}\nNAMESPACES: dict[str, object] = {{}}\n",
    )
    assert places(run(root, "acme")) == CALL


def test_editable_install_by_the_package_editables(root: Path, tmp_path: Path) -> None:
    package(tmp_path / "repository")
    site = root / ".venv" / SITE
    write(site / "acme.pth", "import _editable_impl_acme\n")
    target = str(tmp_path / "repository" / "acme" / "__init__.py")
    write(
        site / "_editable_impl_acme.py",
        f"from editables.redirector import RedirectingFinder as F\nF.install()\nF.map_module('acme', {target!r})\n",
    )
    assert places(run(root, "acme")) == CALL


def test_editable_install_known_by_its_url_only(root: Path, tmp_path: Path) -> None:
    package(tmp_path / "an acme" / "src")
    record = {"url": (tmp_path / "an acme").as_uri(), "dir_info": {"editable": True}}
    write(root / ".venv" / SITE / "acme-1.0.dist-info" / "direct_url.json", json.dumps(record))
    assert places(run(root, "acme")) == CALL
    write(root / ".venv" / SITE / "acme-1.0.dist-info" / "direct_url.json", json.dumps({**record, "dir_info": {}}))
    with pytest.raises(FollowError, match="no package `acme`"):
        run(root, "acme")


def test_an_editable_install_inside_of_the_project_is_the_projects_own_code(root: Path) -> None:
    package(root / "libs" / "acme" / "code", client=CLIENT.replace("return fetch(key)", "fetch(key)"))
    write(root / ".venv" / SITE / "acme.pth", f"{root / 'libs' / 'acme' / 'code'}\n")
    assert places(run(root)) == [("client.py", 10, "FAL101")]
    assert places(run(root, "acme")) == [*CALL, ("client.py", 10, "FAL101")]


# -- where the environment is


def find(root: Path, python: Path | None = None, **variables: str) -> list[Path]:
    return [*follow(["acme"], python, (root,), 1000, lambda _text: None, variables).files.values()]


def test_the_active_environment_goes_before_that_of_the_project(root: Path, tmp_path: Path) -> None:
    for folder in (tmp_path / "active", root / ".venv", root / "venv"):
        package(folder / SITE)
    active = tmp_path / "active"
    assert find(root, VIRTUAL_ENV=str(active))[0].is_relative_to(active)
    assert find(root)[0].is_relative_to(root / ".venv")
    assert find(root, root / "venv", VIRTUAL_ENV=str(active))[0].is_relative_to(root / "venv")


def test_an_interpreter_is_not_resolved_and_not_run(root: Path, tmp_path: Path) -> None:
    package(root / "env" / SITE)
    real = write(tmp_path / "usr" / "bin" / "python3.12", "not a program")
    link = root / "env" / "bin" / "python"
    link.parent.mkdir()
    link.symlink_to(real)
    assert find(root, link)[0].is_relative_to(root / "env")


def test_the_layout_of_windows(root: Path) -> None:
    package(root / ".venv" / "Lib" / "site-packages")
    write(root / ".venv" / "Scripts" / "python.exe")
    assert len(find(root)) == 2
    assert len(find(root, root / ".venv" / "Scripts" / "python.exe")) == 2


def test_packages_of_the_system_where_the_environment_sees_them(root: Path, tmp_path: Path) -> None:
    package(tmp_path / "usr" / SITE)
    (root / ".venv" / SITE).mkdir(parents=True)
    settings = f"home = {tmp_path / 'usr' / 'bin'}\ninclude-system-site-packages = "
    write(root / ".venv" / "pyvenv.cfg", settings + "true\n")
    assert len(find(root)) == 2
    write(root / ".venv" / "pyvenv.cfg", settings + "false\n")
    with pytest.raises(FollowError):
        find(root)


def test_errors_name_what_was_tried(root: Path, tmp_path: Path) -> None:
    with pytest.raises(FollowError) as none:
        find(root, VIRTUAL_ENV=str(tmp_path / "gone"))
    for tried in ("VIRTUAL_ENV", str(tmp_path / "gone"), str(root / ".venv"), str(root / "venv"), "--python"):
        assert tried in str(none.value)
    with pytest.raises(FollowError, match="does not exist"):
        find(root, root / "nowhere" / "python")
    (root / ".venv" / SITE).mkdir(parents=True)
    with pytest.raises(FollowError) as missing:
        find(root)
    assert "`acme`" in str(missing.value)
    assert os.fspath(root / ".venv" / SITE) in str(missing.value)


def test_a_package_without_source_is_told(root: Path) -> None:
    write(root / ".venv" / SITE / "acme" / "fast.so")
    result = run(root, "acme")
    assert places(result) == []
    assert any("no Python source" in note for note in result.notes)
