"""Files that nobody else knows the names of, and a file that is put in its place as a whole.

Must change: however many requests do it at once, none sees anything of another one half done.
"""

import json
import os
import tempfile
import time
import uuid
from pathlib import Path

from fastapi import FastAPI

SCRATCH = Path(os.environ["SCRATCH"])
app = FastAPI()


def report(rows: list[int]) -> int:
    with tempfile.TemporaryDirectory(dir=SCRATCH) as folder:
        path = Path(folder, "report.json")
        path.write_text(json.dumps(rows))
        time.sleep(0.1)
        return sum(json.loads(path.read_text()))


def publish(name: str, text: str) -> None:
    partial = SCRATCH / f"{uuid.uuid4()}.partial"
    partial.write_text(text)
    time.sleep(0.1)
    os.replace(partial, SCRATCH / name)


@app.post("/report")
async def make_report(rows: list[int]):
    return {"sum": report(rows)}


@app.post("/publish/{name}")
async def make_public(name: str, text: str):
    publish(name, text)
    return {"name": name}
