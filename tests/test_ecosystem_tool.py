"""The ecosystem checks, on small made-up projects and a made-up linter: no network, no real project."""

from __future__ import annotations

import hashlib
import io
import json
import shlex
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ecosystem import archive, chains, cli, diff, projects, report, resolution, revisions, runner, sample, source, store
from ecosystem.errors import EcosystemError

REPOSITORY = Path(__file__).resolve().parent.parent

FAKE_LINTER = """
import json, os, pathlib, sys
found = []
for file in sorted(pathlib.Path(sys.argv[2]).rglob("*.py")):
    for row, line in enumerate(file.read_text("utf-8").splitlines(), 1):
        if "BAD" in line:
            place = {"row": row, "column": line.index("BAD") + 1}
            found.append({"code": "FAL101", "name": "blocking-sleep", "severity": "error", "message": "`BAD` blocks",
                          "filename": os.path.relpath(file), "location": place, "end_location": place, "url": "",
                          "fix": None, "entry_points": [{"kind": "route", "label": "GET /"}],
                          "chain": [{"filename": str(file), **place, "text": "calls `BAD`"}]})
print(json.dumps(found))
sys.exit(1 if found else 0)
"""

RECORDER = """
import json, os, sys
with open(sys.argv[0] + ".seen", "w") as seen:
    json.dump([sys.argv, os.listdir()], seen)
print("[]")
"""

HANGING = """
import subprocess, sys, time
child = "import time\\nwhile True: open('ticks', 'a').write('x'); time.sleep(0.02)"
subprocess.Popen([sys.executable, "-c", child])
time.sleep(60)
"""


def diagnostic(**changes: object) -> store.Diagnostic:
    plain = store.Diagnostic("demo", "FAL101", "blocking-sleep", "error", "`BAD` blocks", "demo/app.py", 2, 5)
    return replace(plain, **changes)  # type: ignore[arg-type]


def project_run(**changes: object) -> store.ProjectRun:
    plain = store.ProjectRun("demo", "1.0", 2, 30, 1, 1.25, 2.5, 50.0, (), (diagnostic(),))
    return replace(plain, **changes)  # type: ignore[arg-type]


def measured(**changes: object) -> runner.Measured:
    plain = runner.Measured(1, False, 1.0, "[]", "")
    return replace(plain, **changes)  # type: ignore[arg-type]


def write_wheel(path: Path, files: Mapping[str, str]) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as opened:
        for name, content in files.items():
            opened.writestr(name, content)
    return hashlib.sha256(path.read_bytes()).hexdigest()


DEMO_FILES = {
    "demo/app.py": "def f():\n    BAD()\n",
    "demo/page.js": "let x;",
    "demo-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: demo\nRequires-Python: >=3.9\n\nText\n",
}


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A folder with `projects.toml`, the demo's archive in the cache, and a linter."""
    cached = tmp_path / "cache" / "archives" / "demo-1.0.whl"
    digest = write_wheel(cached, DEMO_FILES)
    entry = {"name": "demo", "version": "1.0", "kind": "wheel", "sha256": digest, "root": ".", "note": "n"}
    write_projects(tmp_path / "projects.toml", {**entry, "paths": ["demo"]})
    (tmp_path / "linter.py").write_text(FAKE_LINTER, "utf-8")
    return tmp_path


def write_projects(file: Path, *entries: Mapping[str, object]) -> Path:
    tables = ["\n".join(f"{key} = {json.dumps(value)}" for key, value in entry.items()) for entry in entries]
    file.write_text("".join(f"[[project]]\n{table}\n" for table in tables), "utf-8")
    return file


def ecosystem(workspace: Path, *arguments: str) -> int:
    places = ["--cache-dir", str(workspace / "cache"), "--projects-file", str(workspace / "projects.toml")]
    return cli.main([*arguments, *places])


def run_fake(workspace: Path, *arguments: str) -> int:
    command = shlex.join((sys.executable, str(workspace / "linter.py")))
    return ecosystem(workspace, "run", "--fastapi-lint", command, *arguments)


VALID = {"name": "demo", "version": "1.0", "kind": "wheel", "sha256": "a" * 64, "root": ".", "note": "why"}


class TestProjects:
    def test_the_list_is_long_enough_and_says_what_is_linted(self) -> None:
        listed = projects.load_projects()
        assert len(listed) >= 16
        assert all(project.paths for project in listed)

    def test_the_list_names_no_host_and_no_machine(self) -> None:
        text = projects.DEFAULT_PROJECTS_FILE.read_text("utf-8")
        assert "://" not in text
        assert str(REPOSITORY) not in text

    def test_archives_are_pinned_once(self) -> None:
        digests = [project.sha256 for project in projects.load_projects()]
        assert len(set(digests)) == len(digests)

    @pytest.mark.parametrize(
        ("change", "complaint"),
        [
            ({"version": ">=1.0"}, "exact version"),
            ({"version": "1.*"}, "exact version"),
            ({"sha256": "A" * 64}, "sha256"),
            ({"sha256": "abc"}, "sha256"),
            ({"kind": "egg"}, "kind"),
            ({"name": "De_mo"}, "normalised"),
            ({"root": "../x"}, "leaves the archive"),
            ({"paths": ["/etc"]}, "leaves the archive"),
            ({"note": ""}, "missing"),
            ({"colour": "red"}, "colour"),
        ],
    )
    def test_a_mistake_is_refused(self, tmp_path: Path, change: dict[str, object], complaint: str) -> None:
        file = write_projects(tmp_path / "p.toml", {**VALID, **change})
        with pytest.raises(EcosystemError, match=complaint):
            projects.load_projects(file)

    def test_a_repeated_name_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(EcosystemError, match="demo more than once"):
            projects.load_projects(write_projects(tmp_path / "p.toml", VALID, VALID))

    def test_the_same_entry_alone_is_fine(self, tmp_path: Path) -> None:
        (only,) = projects.load_projects(write_projects(tmp_path / "p.toml", VALID))
        assert only.lint_paths(tmp_path) == (tmp_path / "projects" / "demo-1.0",)

    def test_an_unknown_name_is_refused(self) -> None:
        with pytest.raises(EcosystemError, match="unknown project nonesuch"):
            projects.select_projects(projects.load_projects(), ["nonesuch"])


class TestUnpacking:
    @pytest.mark.parametrize("name", ["../evil.py", "/evil.py", "a/../../evil.py", "C:\\evil.py", "a\\..\\..\\evil.py"])
    def test_a_zip_that_climbs_out_writes_nothing(self, tmp_path: Path, name: str) -> None:
        write_wheel(tmp_path / "a.whl", {"good.py": "", name: "x"})
        with pytest.raises(archive.UnsafeArchiveError):
            archive.unpack(tmp_path / "a.whl", tmp_path / "deep" / "out")
        assert [file.name for file in tmp_path.rglob("*.py")] == []

    @pytest.mark.parametrize("name", ["../evil.py", "/evil.py"])
    def test_a_tar_that_climbs_out_writes_nothing(self, tmp_path: Path, name: str) -> None:
        self.write_tar(tmp_path / "a.tar.gz", tarfile.TarInfo(name))
        with pytest.raises(archive.UnsafeArchiveError):
            archive.unpack(tmp_path / "a.tar.gz", tmp_path / "deep" / "out")
        assert [file.name for file in tmp_path.rglob("*.py")] == []

    def test_links_are_left_out(self, tmp_path: Path) -> None:
        link = tarfile.TarInfo("pkg/link.py")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        self.write_tar(tmp_path / "a.tar.gz", link, tarfile.TarInfo("pkg/real.py"))
        assert archive.unpack(tmp_path / "a.tar.gz", tmp_path / "out") == 1
        assert [file.name for file in (tmp_path / "out").rglob("*.py")] == ["real.py"]

    @staticmethod
    def write_tar(path: Path, *members: tarfile.TarInfo) -> None:
        with tarfile.open(path, "w:gz") as opened:
            for member in members:
                opened.addfile(member, io.BytesIO())

    def test_fetch_keeps_what_a_linter_reads_and_marks_the_root(self, workspace: Path) -> None:
        assert ecosystem(workspace, "fetch") == 0
        root = workspace / "cache" / "projects" / "demo-1.0"
        assert (root / "demo" / "app.py").read_text("utf-8") == DEMO_FILES["demo/app.py"]
        assert not (root / "demo" / "page.js").exists()
        assert 'requires-python = ">=3.9"' in (root / "pyproject.toml").read_text("utf-8")

    def test_fetch_works_once(self, workspace: Path) -> None:
        (demo,) = projects.load_projects(workspace / "projects.toml")
        assert [archive.fetch(demo, workspace / "cache") for _ in range(2)] == [True, False]

    def test_another_content_is_refused(self, workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
        write_wheel(workspace / "cache" / "archives" / "demo-1.0.whl", {"demo/app.py": "other"})
        assert ecosystem(workspace, "fetch") == 2
        assert "pinned is" in capsys.readouterr().err
        assert not (workspace / "cache" / "projects").exists()

    def test_an_sdist_is_never_asked_of_pip(self, tmp_path: Path) -> None:
        (demo,) = projects.load_projects(write_projects(tmp_path / "p.toml", {**VALID, "kind": "sdist"}))
        with pytest.raises(EcosystemError, match="by hand"):
            archive.fetch(demo, tmp_path)

    def test_a_new_pin_of_the_same_version_must_be_fetched_again(self, workspace: Path) -> None:
        ecosystem(workspace, "fetch")
        (demo,) = projects.load_projects(workspace / "projects.toml")
        archive.require_fetched(demo, workspace / "cache")
        with pytest.raises(EcosystemError, match="ecosystem fetch"):
            archive.require_fetched(replace(demo, sha256="b" * 64), workspace / "cache")


class TestRun:
    def test_a_run_is_measured_stored_and_read_back(self, workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
        ecosystem(workspace, "fetch")
        assert run_fake(workspace) == 0
        assert "FAL101:1" in capsys.readouterr().out
        (run,) = store.load_run(workspace / "cache" / "last-run")
        assert (run.files, run.lines, run.exit_code, run.crashes) == (1, 2, 1, ())
        assert run.seconds > 0
        assert run.peak_mb > 1
        (found,) = run.diagnostics
        assert (found.place, found.entry_points) == ("demo/app.py:2:5", ("route GET /",))
        assert found.chain == (store.Hop("demo/app.py", 2, 5, "calls `BAD`"),)

    def test_the_linter_gets_its_options_and_an_empty_working_folder(self, workspace: Path) -> None:
        ecosystem(workspace, "fetch")
        (workspace / "linter.py").write_text(RECORDER, "utf-8")
        assert run_fake(workspace, "--select", "FAL101") == 0
        arguments, listing = json.loads((workspace / "linter.py.seen").read_text("utf-8"))
        root = workspace / "cache" / "projects" / "demo-1.0"
        assert arguments[1:3] == ["check", str(root / "demo")]
        assert arguments[3:] == ["--output-format", "json", "--no-cache", "--isolated", "--select", "FAL101"]
        assert listing == []

    @pytest.mark.parametrize(
        ("body", "reason"),
        [
            ("sys.exit(2)", "exit code 2"),
            ("raise RuntimeError('boom')", "traceback on stderr"),
            ("print('no json')", "not the JSON"),
            ("print('[{}]')", "not the JSON"),
            ("print('[]'); sys.exit(1)", "exit code 1 without diagnostics"),
            ("os.abort()", "exit code -6"),
        ],
    )
    def test_a_crash_is_seen(self, workspace: Path, capsys: pytest.CaptureFixture[str], body: str, reason: str) -> None:
        ecosystem(workspace, "fetch")
        (workspace / "linter.py").write_text(f"import os, sys\n{body}\n", "utf-8")
        assert run_fake(workspace) == 1
        assert reason in capsys.readouterr().out

    def test_a_linter_that_hangs_is_killed_with_its_children(self, workspace: Path) -> None:
        (workspace / "linter.py").write_text(HANGING, "utf-8")
        linter = runner.Linter(timeout=1.5)
        result = runner.measure(linter, (sys.executable, str(workspace / "linter.py")), workspace)
        assert result.timed_out
        assert result.seconds < 30
        assert "killed" in runner.crash_reasons(result, None)[0]
        assert linter.running == set()
        ticks = (workspace / "ticks").stat().st_size
        time.sleep(0.3)
        assert (workspace / "ticks").stat().st_size == ticks > 0

    def test_cpu_time_counts_children(self, tmp_path: Path) -> None:
        burn = "import time\nwhile time.process_time() < 0.4: pass"
        parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {burn!r}])"
        assert runner.measure(runner.Linter(), (sys.executable, "-c", parent), tmp_path).cpu_seconds >= 0.4

    def test_memory_is_that_of_the_command_not_of_this_process(self, tmp_path: Path) -> None:
        ballast = bytearray(200 << 20)
        small = runner.measure(runner.Linter(), (sys.executable, "-c", "pass"), tmp_path).peak_mb
        large = runner.measure(runner.Linter(), (sys.executable, "-c", "bytearray(b'x') * (100 << 20)"), tmp_path)
        assert small < 100 < large.peak_mb < 200 == len(ballast) >> 20

    def test_a_command_that_is_missing_is_a_usage_error(self, workspace: Path) -> None:
        ecosystem(workspace, "fetch")
        assert ecosystem(workspace, "run", "--fastapi-lint", "no-such-linter-here") == 2

    def test_a_run_before_fetch_is_a_usage_error(self, workspace: Path) -> None:
        assert run_fake(workspace) == 2

    def test_a_folder_with_other_things_is_not_emptied(self, workspace: Path) -> None:
        ecosystem(workspace, "fetch")
        (workspace / "mine").mkdir()
        (workspace / "mine" / "thesis.txt").write_text("years of work", "utf-8")
        assert run_fake(workspace, "--output", str(workspace / "mine")) == 2
        assert (workspace / "mine" / "thesis.txt").exists()

    def test_the_next_run_replaces_the_last(self, workspace: Path) -> None:
        ecosystem(workspace, "fetch")
        assert run_fake(workspace) == 0
        left_over = workspace / "cache" / "last-run" / "old.json"
        left_over.write_text("[]", "utf-8")
        assert run_fake(workspace) == 0
        assert not left_over.exists()


class TestCrashReasons:
    def test_a_clean_end_is_no_crash(self) -> None:
        assert runner.crash_reasons(measured(exit_code=0), ()) == ()
        assert runner.crash_reasons(measured(exit_code=1), (diagnostic(),)) == ()

    def test_an_exit_code_that_hides_diagnostics(self) -> None:
        assert runner.crash_reasons(measured(exit_code=0), (diagnostic(),)) == ("exit code 0 with diagnostics",)

    def test_an_internal_error_reported_as_a_diagnostic(self) -> None:
        internal = diagnostic(code="FAL001", name="unreadable-source", message="internal error in FAL101")
        assert runner.crash_reasons(measured(), (internal,)) == ("1 internal errors reported",)

    def test_an_unreadable_source_is_no_crash(self) -> None:
        unreadable = diagnostic(code="FAL001", name="unreadable-source", message="cannot be parsed: invalid syntax")
        assert runner.crash_reasons(measured(), (unreadable,)) == ()

    def test_a_message_about_crashes_of_the_linted_code_is_no_crash(self) -> None:
        assert runner.crash_reasons(measured(), (diagnostic(message="`run` crashes the loop"),)) == ()


class TestTable:
    def test_words_to_the_left_numbers_to_the_right(self) -> None:
        table = report.render_table(("project", "files", "by rule"), [("a", "5", "x"), ("longer-name", "1234", "y")])
        assert table.splitlines() == [
            "project      files  by rule",
            "-----------  -----  -------",
            "a                5  x",
            "longer-name   1234  y",
        ]

    def test_rows_totals_rules_and_crashes(self) -> None:
        other = project_run(project="other", seconds=2.0, peak_mb=80.0, crashes=("exit code 2",), diagnostics=())
        lines = report.render_runs((project_run(), other)).splitlines()
        cells = [line.split() for line in lines]
        assert ["demo", "2", "30", "1", "1.2", "2.5", "50", "0", "FAL101:1"] in cells
        assert ["total", "(2)", "4", "60", "1", "3.2", "5.0", "80", "1"] in cells
        assert ["FAL101", "1", "1", "blocking-sleep"] in cells
        assert lines[-1] == "CRASH other: exit code 2"


class TestDiff:
    def test_a_moved_line_is_no_change(self) -> None:
        compared = diff.compare([diagnostic(row=2)], [diagnostic(row=9)], lambda _: "BAD()")
        assert compared == diff.Comparison((), (), ())

    @pytest.mark.parametrize("change", [{"project": "x"}, {"filename": "x.py"}, {"code": "FAL102"}])
    def test_another_place_is_one_removed_and_one_added(self, change: dict[str, str]) -> None:
        old, new = diagnostic(), diagnostic(**change)
        assert diff.compare([old], [new], lambda _: "BAD()") == diff.Comparison((new,), (old,), ())

    def test_another_line_text_is_a_change(self) -> None:
        old, new = diagnostic(row=2), diagnostic(row=9)
        compared = diff.compare([old], [new], lambda item: f"line {item.row}")
        assert compared == diff.Comparison((new,), (old,), ())

    def test_another_message_is_a_rewording(self) -> None:
        old, new = diagnostic(), diagnostic(message="better words")
        assert diff.compare([old], [new], lambda _: "BAD()") == diff.Comparison((), (), ((old, new),))

    def test_repeated_diagnostics_are_counted(self) -> None:
        first, second = diagnostic(row=2), diagnostic(row=3)
        compared = diff.compare([first, second], [first], lambda _: "BAD()")
        assert (compared.added, compared.removed) == ((), (second,))

    @pytest.mark.parametrize("markdown", [False, True])
    def test_each_change_shows_its_source(self, tmp_path: Path, markdown: bool) -> None:
        self.write_app(tmp_path)
        renderer = diff.Renderer({"demo": tmp_path}, markdown, limit=9)
        text = renderer.render(("a", "b"), [project_run(diagnostics=())], [project_run()])
        assert "FAL101: 1 added, 0 removed, 0 reworded" in text
        assert "+ demo demo/app.py:2:5: `BAD` blocks" in text
        assert ">     2 |     BAD()" in text
        assert ("\n`````text\n" in text) is markdown

    def test_the_limit_says_what_it_hides(self, tmp_path: Path) -> None:
        self.write_app(tmp_path)
        many = tuple(diagnostic(message=f"m{number}") for number in range(5))
        renderer = diff.Renderer({"demo": tmp_path}, markdown=False, limit=2)
        text = renderer.render(("a", "b"), [project_run(diagnostics=())], [project_run(diagnostics=many)])
        assert text.count("+ demo") == 2
        assert "and 3 more" in text

    def test_equal_runs_say_so(self, tmp_path: Path) -> None:
        self.write_app(tmp_path)
        renderer = diff.Renderer({"demo": tmp_path}, markdown=False, limit=9)
        assert renderer.render(("a", "b"), [project_run()], [project_run()]).endswith("added, removed or reworded.")

    @staticmethod
    def write_app(root: Path) -> None:
        (root / "demo").mkdir()
        (root / "demo" / "app.py").write_text(DEMO_FILES["demo/app.py"], "utf-8")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository laid out like ours, whose linter says which revision it is."""
    folder = tmp_path / "repository"
    files = {
        "pyproject.toml": '[project]\nname = "fastapi-lint"\nversion = "7"\n'
        '[tool.setuptools.package-dir]\n"fastapi_lint.rules" = "rules"\n',
        "fastapi_lint/__init__.py": "",
        "fastapi_lint/__main__.py": "from importlib.metadata import version\nfrom fastapi_lint.rules import NAME\n"
        "print(NAME, version('fastapi-lint'))\n",
        "rules/__init__.py": "NAME = 'committed'\n",
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, "utf-8")
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "--quiet", "--message", "one")
    (folder / "rules" / "__init__.py").write_text("from fastapi_lint.rules.new import NAME\n", "utf-8")
    (folder / "rules" / "new.py").write_text("NAME = 'edited'\n", "utf-8")
    return folder


def git(folder: Path, *arguments: str) -> str:
    command = ("git", "-C", str(folder), *arguments)
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class TestRevisions:
    @pytest.mark.parametrize(("revision", "name"), [("HEAD", "committed"), (revisions.WORKTREE, "edited")])
    def test_each_revision_runs_its_own_code(self, repository: Path, tmp_path: Path, revision: str, name: str) -> None:
        with revisions.revision_environment(revision, repository) as environment:
            command = (sys.executable, "-m", "fastapi_lint")
            done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert (done.stdout, done.stderr) == (f"{name} 7\n", "")

    def test_no_worktree_is_left_behind(self, repository: Path) -> None:
        with revisions.revision_environment("HEAD", repository):
            pass
        assert len(git(repository, "worktree", "list").splitlines()) == 1

    def test_a_revision_without_the_rules_is_refused(self, repository: Path) -> None:
        mapped = '[tool.setuptools.package-dir]\n"fastapi_lint.rules" = "docs"\n"fastapi_lint.x.y" = "docs"\n'
        (repository / "pyproject.toml").write_text(mapped, "utf-8")
        (repository / "docs").mkdir()
        (repository / "docs" / "page.md").write_text("x", "utf-8")
        (repository / "fastapi_lint" / "x.py").write_text("", "utf-8")
        with (
            pytest.raises(EcosystemError, match="would not run its own code"),
            revisions.revision_environment(revisions.WORKTREE, repository),
        ):
            pass

    def test_an_unknown_revision_is_refused(self, repository: Path) -> None:
        with (
            pytest.raises(EcosystemError, match="no-such-revision"),
            revisions.revision_environment("no-such-revision", repository),
        ):
            pass


class TestReading:
    def test_a_sample_is_spread_over_projects_and_repeatable(self) -> None:
        many = [diagnostic(project="big", row=row) for row in range(1, 50)]
        few = [diagnostic(project="small", row=1), diagnostic(project="small", row=2, code="FAL102", name="http")]
        chosen = sample.choose([*many, *few], ["FAL101"], 4, seed=1)
        assert sorted(item.project for item in chosen) == ["big", "big", "big", "small"]
        assert {item.code for item in chosen} == {"FAL101"}
        assert chosen == sample.choose([*many, *few], ["FAL101"], 4, seed=1)
        assert chosen != sample.choose([*many, *few], ["FAL101"], 4, seed=2)

    def test_a_rule_may_be_named(self) -> None:
        other = diagnostic(code="FAL102", name="blocking-http")
        assert sample.choose([diagnostic(), other], ["blocking-http"], 9, seed=0) == [other]

    def test_a_sample_shows_each_hop_with_its_source(self, workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
        ecosystem(workspace, "fetch")
        run_fake(workspace)
        capsys.readouterr()
        assert ecosystem(workspace, "sample", "--rule", "FAL101") == 0
        shown = capsys.readouterr().out
        assert ">     2 |     BAD()" in shown
        assert "  1. demo/app.py:2:5  calls `BAD`\n       | BAD()" in shown
        assert "entry: route GET /" in shown

    def test_a_sample_without_a_run_is_a_usage_error(self, workspace: Path) -> None:
        ecosystem(workspace, "fetch")
        assert ecosystem(workspace, "sample") == 2

    def test_lines_are_counted_as_python_does(self, tmp_path: Path) -> None:
        file = tmp_path / "a.py"
        file.write_bytes("a\x0cb\r\nc\u2028d\re\n".encode())
        assert source.read_lines(file) == ("a\x0cb", "c\u2028d", "e")


class TestResolution:
    def test_the_real_linter_is_asked(self, workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
        app = "async def f(x):\n    g()\n    x.g()\n    x.other()\n\n\ndef g():\n    len('')\n"
        archived = write_wheel(workspace / "cache" / "archives" / "demo-1.0.whl", {**DEMO_FILES, "demo/app.py": app})
        entry = {**VALID, "sha256": archived, "paths": ["demo"]}
        write_projects(workspace / "projects.toml", entry)
        assert ecosystem(workspace, "fetch") == 0
        capsys.readouterr()
        assert ecosystem(workspace, "resolution") == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[1].split() == ["demo", "4", "50.0", "%", "1", "1", "50.0", "%", "50.0", "%"]
        assert lines[2].split()[0] == "all"
        assert lines[-2].strip() == "1  unknown receiver: a parameter without annotation"
        assert lines[-1].strip() == "demo: x.g: a parameter without annotation"

    def test_a_linter_that_fails_is_an_error(self, workspace: Path) -> None:
        assert ecosystem(workspace, "fetch") == 0
        (project,) = projects.load_projects(workspace / "projects.toml")
        linter = runner.Linter((sys.executable, str(workspace / "linter.py")))
        with pytest.raises(EcosystemError, match="no resolution"):
            resolution.resolve_project(linter, project, workspace / "cache")


class TestChains:
    @pytest.mark.parametrize(
        ("hop", "mistake"),
        [
            (("demo/app.py", 3, 5), None),
            (("demo/app.py", 9, 1), "past the end of its file"),
            (("demo/app.py", 0, 1), "past the end of its file"),
            (("demo/app.py", 3, 10), "past the end of its line"),
            (("demo/app.py", 3, 0), "past the end of its line"),
            (("demo/app.py", 3, 2), "white space"),
            (("demo/app.py", 1, 3), "comment"),
            (("demo/gone.py", 1, 1), "does not exist"),
        ],
    )
    def test_each_hop_is_followed(self, tmp_path: Path, hop: tuple[str, int, int], mistake: str | None) -> None:
        (tmp_path / "demo").mkdir()
        (tmp_path / "demo" / "app.py").write_text("# note\ndef f():\n    g()\n", "utf-8")
        checked = diagnostic(row=2, column=1, chain=(store.Hop(*hop, "calls"),))
        found = list(chains.check_chains([checked], {"demo": tmp_path}))
        assert len(found) == (mistake is not None)
        if mistake:
            assert f"hop 1 {hop[0]}:{hop[1]}:{hop[2]}" in found[0]
            assert mistake in found[0]

    def test_the_exit_code_tells(self, workspace: Path) -> None:
        ecosystem(workspace, "fetch")
        run_fake(workspace)
        assert ecosystem(workspace, "check-chains") == 0
        stored = workspace / "cache" / "last-run" / "demo.json"
        stored.write_text(stored.read_text("utf-8").replace('"row": 2', '"row": 77'), "utf-8")
        assert ecosystem(workspace, "check-chains") == 1
