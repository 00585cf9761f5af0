"""The module that blocks is imported inside of a function of another module, and only some callers get there.

Must change in the loop code.
"""

from fastapi import FastAPI

from facade import load

app = FastAPI()


@app.get("/{kind}")
async def get(kind: str):
    return load(kind)
