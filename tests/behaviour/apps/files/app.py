"""Real files: `open` in `with`, `for` over lines, append, binary, `Path`, missing files, suppressed errors.

May change; contents, order and errors stay.
"""

import contextlib
import json
import os
import shutil
from pathlib import Path

from fastapi import FastAPI, HTTPException
from journal import note

ROOT = Path(os.environ["SCRATCH"])
app = FastAPI()


@app.put("/notes/{name}")
async def write(name: str, text: str):
    path = ROOT / name
    with open(path, "w", encoding="utf-8") as file, open(ROOT / "log.txt", "a") as log:
        file.write(text)
        log.write(f"{name}\n")
        note("wrote", name, log.tell() > 0)
        if text == "bad":
            return {"early": True}
        file.write("!")
    return {"size": path.stat().st_size}


@app.get("/notes/{name}")
async def read(name: str):
    try:
        with open(ROOT / name) as file:
            return json.load(file) if name.endswith(".json") else file.read()
    except FileNotFoundError as error:
        raise HTTPException(404, detail=error.strerror) from error
    finally:
        note("read", name)


@app.get("/log")
async def log():
    found = []
    with open(ROOT / "log.txt") as file:
        for number, line in enumerate(file):
            if number == 3:
                break
            found.append(line.rstrip())
        else:
            found.append(file.readline() or "end")
    with contextlib.suppress(FileNotFoundError):
        Path(ROOT, "missing").read_text()
        note("not reached")
    return found + [line for line in open(ROOT / "log.txt")]


@app.post("/copy")
async def copy(source: str, target: str):
    text = (ROOT / source).read_text(encoding="utf-8").upper()
    (ROOT / target).write_text(text, encoding="utf-8"); size = len((ROOT / target).read_bytes())
    shutil.copytree(ROOT, ROOT.parent / (ROOT.name + "x"))
    names = sorted(path.name for path in (ROOT.parent / (ROOT.name + "x")).iterdir())
    shutil.rmtree(ROOT.parent / (ROOT.name + "x"))
    return {"size": size, "names": names}
