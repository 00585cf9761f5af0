"""Which files a run reads."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fastapi_lint.config import Settings, anchored
from fastapi_lint.files import PathError, discover, is_excluded


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    return tmp_path


def make(tree: Path, *names: str) -> None:
    for name in names:
        file = tree / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x = 1\n")


def found(tree: Path, *paths: str, notes: list[str] | None = None, **settings: object) -> list[str]:
    resolved = Settings(root=tree, base=tree, **settings)  # type: ignore[arg-type]
    files = discover([Path(path) for path in paths or (".",)], resolved, None if notes is None else notes.append)
    return [file.as_posix() for file in files]


def test_python_files_below_a_folder_in_order(tree: Path) -> None:
    make(tree, "b.py", "a/z.py", "a/b/c.py", "a.py", "x.pyi", "x.txt", "Dockerfile")
    assert found(tree) == ["a/b/c.py", "a/z.py", "a.py", "b.py"]


def test_paths_are_spelled_as_given_and_each_file_comes_once(tree: Path) -> None:
    make(tree, "app/a.py", "app/b.py")
    assert found(tree, "app/b.py", "app", "./app/a.py") == ["app/a.py", "app/b.py"]
    assert found(tree, str(tree / "app")) == [f"{tree}/app/a.py", f"{tree}/app/b.py"]


def test_default_excludes_are_pruned_at_any_depth(tree: Path) -> None:
    make(tree, "app/a.py", ".venv/lib/x.py", "svc/node_modules/x.py", "build/x.py", "svc/__pycache__/x.py")
    assert found(tree) == ["app/a.py"]


def test_exclude_replaces_and_extend_exclude_adds(tree: Path) -> None:
    make(tree, "a.py", "gen/x.py", "build/x.py")
    assert found(tree, exclude=("gen",)) == ["a.py", "build/x.py"]
    assert found(tree, extend_exclude=(anchored("gen/*.py", tree),)) == ["a.py"]


def test_a_project_inside_an_excluded_name_is_still_walked(tree: Path) -> None:
    make(tree, "build/a.py")
    assert found(tree, "build") == ["build/a.py"]


def test_named_files_are_taken_unless_forced(tree: Path) -> None:
    make(tree, "build/x.py", "script")
    assert found(tree, "build/x.py", "script") == ["build/x.py", "script"]
    assert found(tree, "build/x.py", "script", force_exclude=True) == ["script"]
    assert is_excluded(tree / "build/x.py", Settings(root=tree, base=tree))


def test_missing_path_is_an_error_that_names_it(tree: Path) -> None:
    with pytest.raises(PathError, match=r"nowhere/a\.py: no such file or directory"):
        found(tree, "nowhere/a.py")


def test_gitignore_nested_negated_and_from_above(tree: Path) -> None:
    make(tree, "a.py", "gen/a.py", "svc/local.py", "svc/keep/local.py", "svc/out/a.py", "out/a.py")
    (tree / ".gitignore").write_text("gen/\nlocal.py\n/out\n")
    (tree / "svc/keep/.gitignore").write_text("!local.py\n")
    assert found(tree) == ["a.py", "svc/keep/local.py", "svc/out/a.py"]
    assert found(tree, "svc") == ["svc/keep/local.py", "svc/out/a.py"]
    assert len(found(tree, respect_gitignore=False)) == 6


def test_folder_asked_for_by_name_is_walked_although_ignored(tree: Path) -> None:
    make(tree, "gen/api/a.py", "gen/api/b.py")
    (tree / ".gitignore").write_text("gen/\n")
    (tree / "gen/api/.gitignore").write_text("b.py\n")
    assert found(tree, "gen/api") == ["gen/api/a.py"]


def test_gitignore_above_the_repository_does_not_count(tree: Path) -> None:
    make(tree, "repo/a.py")
    (tree / "repo/.git").mkdir()
    (tree / ".gitignore").write_text("*.py\n")
    assert found(tree, "repo") == ["repo/a.py"]


def test_links_in_folders_are_not_followed(tree: Path) -> None:
    make(tree, "app/a.py")
    (tree / "app/loop").symlink_to(tree / "app")
    (tree / "app/alias.py").symlink_to(tree / "app/a.py")
    assert found(tree) == ["app/a.py"]
    assert found(tree, "app/alias.py") == ["app/alias.py"]


def test_large_files_are_skipped_with_a_note(tree: Path) -> None:
    make(tree, "small.py")
    (tree / "large.py").write_text("#" * 100)
    notes: list[str] = []
    assert found(tree, max_file_size=50, notes=notes) == ["small.py"]
    assert notes == ["./large.py: skipped: 100 bytes are more than `max-file-size`"]
    assert found(tree, "large.py", max_file_size=50) == ["large.py"]


def test_unreadable_folder_gives_a_note(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tree, "a.py", "secret/b.py")
    scandir = os.scandir

    def refuse(path: Path) -> object:
        if path.name == "secret":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    notes: list[str] = []
    assert found(tree, notes=notes) == ["a.py"]
    assert notes == ["secret: skipped: Permission denied"]


def test_broken_gitignore_pattern_does_not_stop_the_run(tree: Path) -> None:
    make(tree, "a.py", "b.py")
    (tree / ".gitignore").write_bytes(b"b.py\n!\n\xff\n")
    notes: list[str] = []
    files = found(tree, notes=notes)
    assert "a.py" in files
    assert files == ["a.py"] or notes
