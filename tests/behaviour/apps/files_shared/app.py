"""Files and folders that several requests work with, one after the other as long as the loop runs them.

Must not change: in threads a request would read a file that is empty at the moment, remove what another one is building,
or record what a cancelled task never hears of.
"""

import json
import os
import shutil
import time
from pathlib import Path

from fastapi import FastAPI

SCRATCH = Path(os.environ["SCRATCH"])
CACHE = SCRATCH / "release.json"
BUILD = SCRATCH / "build"
app = FastAPI()
held: dict[str, bool] = {}


def read_cache() -> dict:
    with open(CACHE) as file:
        return json.load(file)


def write_cache(value: dict) -> None:
    with open(CACHE, "w") as file:
        time.sleep(0.02)
        json.dump(value, file)


def build(name: str) -> None:
    if BUILD.is_dir():
        shutil.rmtree(BUILD)
    BUILD.mkdir()
    time.sleep(0.02)
    (BUILD / "name").write_text(name)


def take(name: str) -> None:
    os.close(os.open(SCRATCH / name, os.O_CREAT | os.O_EXCL | os.O_WRONLY))


@app.get("/release/{name}")
async def release(name: str):
    if CACHE.exists():
        return {"keys": sorted(read_cache())}
    write_cache({"name": name})
    return {"keys": ["name"]}


@app.post("/build/{name}")
async def rebuild(name: str):
    build(name)
    return {"same": (BUILD / "name").read_text() == name}


@app.post("/take/{name}")
async def acquire(name: str):
    take(name)
    held[name] = True
    return held
