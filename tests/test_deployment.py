"""How many workers a project starts, as far as its files say so, and that state diagnostics tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from fastapi_lint.config import load_settings
from fastapi_lint.deployment import visible_workers
from fastapi_lint.engine import CheckRequest, check

SEVERAL = {
    "Dockerfile": ('FROM python\nCMD ["uvicorn", "app:app", "--workers", "4"]\n', "4 workers in Dockerfile"),
    "Dockerfile.prod": (
        "CMD gunicorn app:app \\\n  -k uvicorn_worker.UvicornWorker -w 3\n",
        "3 workers",
    ),
    "Procfile": ("web: gunicorn app:app --workers=2\n", "2 workers in Procfile"),
    "docker-compose.yml": ("services:\n  web:\n    command: uvicorn app:app --workers ${WORKERS:-4}\n", "4 workers"),
    "compose.yaml": ("services:\n  web:\n    environment:\n      WEB_CONCURRENCY: 8\n", "8 workers in compose.yaml"),
    "deploy/start.sh": ("exec fastapi run app.py --workers $WORKERS\n", "several workers in deploy/start.sh"),
    "gunicorn.conf.py": ("import os\nworkers = os.cpu_count() * 2 + 1\n", "several workers in gunicorn.conf.py"),
    "web.service": ("[Service]\nExecStart=/srv/bin/uvicorn app:app --workers 4\n", "4 workers in web.service"),
}
ONE = {
    "Dockerfile": 'CMD ["uvicorn", "app:app", "--workers", "1"]\n',
    "Procfile": "worker: celery -A app worker -w 4\n",
    "gunicorn.conf.py": "workers = 1\nthreads = 8\n",
    "start.sh": "# uvicorn app:app --workers 4\nuvicorn app:app\n",
    "deep/folder/Dockerfile": "CMD gunicorn app:app -w 4\n",
    "README.md": "uvicorn app:app --workers 4\n",
}


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("name", SEVERAL)
def test_several_workers_are_seen(name: str, tmp_path: Path) -> None:
    text, wanted = SEVERAL[name]
    write(tmp_path, name, text)
    assert (visible_workers(tmp_path) or "").startswith(wanted)


@pytest.mark.parametrize("name", ONE)
def test_one_worker_is_nothing_to_tell(name: str, tmp_path: Path) -> None:
    write(tmp_path, name, ONE[name])
    assert visible_workers(tmp_path) is None


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert visible_workers(tmp_path / "none") is None


APP = (
    "from fastapi import FastAPI\n\napp = FastAPI()\nvisits: dict[str, int] = {}\n\n\n"
    "@app.get('/{name}')\ndef visit(name: str) -> None:\n    visits[name] = 1\n"
)


def messages(folder: Path, source: str) -> list[str]:
    write(folder, "app.py", source)
    settings = load_settings([folder], folder, isolated=True, overrides={"cache": False, "select": ["FAL301"]})
    return [found.message for found in check(CheckRequest((folder,), settings, folder)).diagnostics]


def test_state_diagnostics_tell_of_the_workers(tmp_path: Path) -> None:
    assert [message for message in messages(tmp_path, APP) if "own copy" in message] == []
    write(tmp_path, "Procfile", "web: uvicorn app:app --workers 4\n")
    (message,) = messages(tmp_path, APP)
    assert message.endswith("(4 workers in Procfile: each has its own copy)")


def test_workers_that_the_code_starts(tmp_path: Path) -> None:
    start = "\n\nif __name__ == '__main__':\n    import uvicorn\n\n    uvicorn.run('app:app', workers=2)\n"
    (message,) = messages(tmp_path, APP + start)
    assert message.endswith("(2 workers in app.py: each has its own copy)")
