"""`python -m ecosystem fix`, on a made-up project and made-up linters that fix well and badly."""

from __future__ import annotations

import hashlib
import json
import shlex
import sys
import zipfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ecosystem import cli
from ecosystem.damage import found_by_ruff

APP = "import os\n\n\ndef f():\n    BAD()\n    return os\n\n\ndef BAD(): ...\n"

LINTER = """
import json, os, pathlib, sys
folder = pathlib.Path(sys.argv[2])
fixed = 0
for file in sorted(folder.rglob("*.py")):
    text = file.read_text("utf-8")
    if "--fix" in sys.argv and "BAD()\\n" in text:
        fixed += 1
        file.write_text(text.replace("BAD()\\n", %(replacement)r + "\\n", 1), "utf-8")
found = []
for file in sorted(folder.rglob("*.py")):
    for row, line in enumerate(file.read_text("utf-8").splitlines(), 1):
        for word, code in (("BAD()", "FAL101"), ("WORSE", "FAL102")):
            if line.strip() == word:
                place = {"row": row, "column": line.index(word) + 1}
                found.append({"code": code, "name": "n", "severity": "error", "message": "m",
                              "filename": os.path.relpath(file), "location": place, "chain": [], "entry_points": []})
if fixed:
    print("warning: a.py:1:1: FAL103 was not fixed: why", file=sys.stderr)
if "json" in sys.argv:
    print(json.dumps(found))
elif fixed:
    print("Fixed 1 diagnostic:\\n- app.py:\\n    " + str(fixed) + " \\N{MULTIPLICATION SIGN} FAL101 (n)")
sys.exit(1 if found else 0)
"""


def run(workspace: Path, replacement: str) -> tuple[int, dict[str, object], str]:
    """The exit code, what was stored, and the patch."""
    archive = workspace / "cache" / "archives" / "demo-1.0.whl"
    archive.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("demo/app.py", APP)
        opened.writestr("demo/rest.py", "x = 1\n")
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    entry = {"name": "demo", "version": "1.0", "kind": "wheel", "sha256": digest, "root": ".", "note": "n"}
    lines = ["[[project]]", *(f"{key} = {json.dumps(value)}" for key, value in entry.items()), 'paths = ["demo"]']
    (workspace / "projects.toml").write_text("\n".join(lines), "utf-8")
    (workspace / "linter.py").write_text(LINTER % {"replacement": replacement}, "utf-8")
    places = ["--cache-dir", str(workspace / "cache"), "--projects-file", str(workspace / "projects.toml")]
    assert cli.main(["fetch", *places]) == 0
    command = shlex.join((sys.executable, str(workspace / "linter.py")))
    output = workspace / "fixes"
    code = cli.main(["fix", "demo", "--fastapi-lint", command, "--output", str(output), *places])
    (stored,) = json.loads((output / "fixes.json").read_text("utf-8"))
    return code, stored, (output / "demo.diff").read_text("utf-8")


def test_good_fixes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, stored, patch = run(tmp_path, "print()")
    assert (code, stored["problems"]) == (0, [])
    assert (stored["before"], stored["fixed"], stored["after"]) == ({"FAL101": 1}, {"FAL101": 1}, {})
    assert stored["files"] == 1
    assert stored["dropped"] == ["a.py:1:1: FAL103 was not fixed: why"]
    assert "-    BAD()\n+    print()\n" in patch
    assert (tmp_path / "cache/projects/demo-1.0/demo/app.py").read_text() == APP
    assert "FAL101      1      1     0" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("replacement", "problem"),
    [
        ("x = = 1", "does not compile: demo/app.py"),
        ("await x", "does not compile: demo/app.py"),
        ("undefined()", "ruff: demo/app.py: F821 Undefined name `undefined` (1 more)"),
        ("del os", "ruff: demo/app.py: "),
        ("WORSE", "FAL102: 1 more than before, in demo/app.py"),
        ("y = 1; BAD()", "changed by a second run: demo/app.py"),
    ],
)
def test_bad_fixes(tmp_path: Path, replacement: str, problem: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, stored, _ = run(tmp_path, replacement)
    problems = stored["problems"]
    assert isinstance(problems, list)
    assert code == 1
    assert any(each.startswith(problem) for each in problems), problems
    assert f"PROBLEM demo: {problem}" in capsys.readouterr().out


def test_what_ruff_found_before_is_no_problem_even_if_its_lines_move(tmp_path: Path) -> None:
    """The second import of a name is reported with the line of the first."""
    text = "import os\n\nimport os\n\nprint(os)\n"
    found = []
    for name, content in (("before", text), ("after", f"import json\n{text}print(json)\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "app.py").write_text(content, "utf-8")
        found.append(found_by_ruff(tmp_path / name, ["app.py"]))
    assert found[0] == found[1]
    assert [key.partition(" from ")[0] for key in found[0]] == ["app.py: F811 Redefinition of unused `os`"]


def test_a_cache_in_the_original_is_not_copied(tmp_path: Path) -> None:
    cached = tmp_path / "cache/projects/demo-1.0/demo/.fastapi_lint_cache/copy.py"
    run(tmp_path, "print()")
    cached.parent.mkdir()
    cached.write_text("BAD()\n")
    code, stored, patch = run(tmp_path, "print()")
    assert (code, stored["before"], stored["files"]) == (0, {"FAL101": 1}, 1)
    assert "copy.py" not in patch
