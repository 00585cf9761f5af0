"""Uploads: whole and partial reads, seeking, sizes, the file handed on, and the same in a sync route.

Must change: `UploadFile.read` and `seek` are the twins of what is called on its `file`.
"""

import csv
import io
import shutil

from fastapi import FastAPI, UploadFile
from journal import note

app = FastAPI()


@app.post("/whole")
async def whole(file: UploadFile):
    text = file.file.read().decode().strip()
    note("read", file.filename, file.size)
    file.file.seek(0)
    head = file.file.read(4)
    rest = file.file.readline()
    return {"text": text, "head": head, "rest": rest, "tell": file.file.tell(), "upper": file.file.read(2).upper()}


@app.post("/many")
async def many(files: list[UploadFile], extra: UploadFile | None = None):
    sizes = {}
    for upload in files:
        data = upload.file.read()
        sizes[upload.filename] = len(data)
        upload.file.close()
    return {"sizes": sizes, "extra": extra and extra.file.read()}


@app.post("/rows")
async def rows(file: UploadFile):
    copy = io.BytesIO()
    shutil.copyfileobj(file.file, copy)
    file.file.seek(0)
    reader = csv.DictReader(io.TextIOWrapper(file.file, encoding="utf-8"))
    return {"size": len(copy.getvalue()), "rows": [dict(row) for row in reader]}


@app.post("/sync")
def in_thread(file: UploadFile):
    return file.file.read()
