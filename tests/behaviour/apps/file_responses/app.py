"""Whole files in responses: one that is deleted right after it is read, one that is missing, one that is changed.

May change; a response that opens the file later finds another file, or none.
"""

import os
from pathlib import Path

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from journal import note

ROOT = Path(os.environ["SCRATCH"])
app = FastAPI()


@app.exception_handler(FileNotFoundError)
def missing(request: Request, error: FileNotFoundError):
    return JSONResponse({"missing": Path(error.filename).name}, status_code=404)


@app.put("/files/{name}")
def write(name: str, text: str):
    (ROOT / name).write_text(text)
    return len(text)


@app.get("/files/{name}")
def read(name: str):
    return Response((ROOT / name).read_bytes(), media_type="text/plain", headers={"x-name": name})


@app.get("/open/{name}")
def read_open(name: str):
    with open(ROOT / name, "rb") as file:
        return Response(content=file.read(), media_type="application/x-thing")


@app.get("/tried/{name}")
def read_tried(name: str):
    try:
        return Response(open(ROOT / name, "rb").read(), media_type="text/plain")
    except OSError as error:
        raise HTTPException(410, detail=error.strerror) from error


@app.delete("/files/{name}")
def take(name: str):
    path = ROOT / name
    try:
        return Response(path.read_bytes(), media_type="text/plain", status_code=202)
    finally:
        path.unlink(missing_ok=True)
        note("deleted", name)


@app.post("/files/{name}")
def swap(name: str, text: str):
    response = Response((ROOT / name).read_text(), media_type="text/plain")
    (ROOT / name).write_text(text)
    return response
