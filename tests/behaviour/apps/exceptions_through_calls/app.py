"""Errors that leave blocking calls: own types, causes, groups of arguments, notes, and who catches them.

Must change; type, text, cause and handler stay.
"""

import time
import traceback

from fastapi import FastAPI
from journal import note

app = FastAPI()


class Problem(Exception):
    def __init__(self, code: int, *, hint: str):
        super().__init__(code, hint)
        self.code = code
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.code}: {self.hint}"


def work(kind: str):
    time.sleep(0.3)
    try:
        return {"ok": kind}[kind]
    except KeyError as error:
        if kind == "cause":
            raise Problem(7, hint="seven") from error
        if kind == "none":
            raise Problem(8, hint="eight") from None
        if kind == "timeout":
            raise TimeoutError("own")
        raise


@app.get("/raise/{kind}")
async def raised(kind: str):
    return work(kind)


@app.get("/catch/{kind}")
async def caught(kind: str):
    try:
        return work(kind)
    except Problem as problem:
        frames = [frame.name for frame in traceback.extract_tb(problem.__traceback__)]
        note("frames", frames[-1])
        return {
            "code": problem.code, "cause": repr(problem.__cause__), "context": repr(problem.__context__),
            "quiet": problem.__suppress_context__,
        }
    except (TimeoutError, LookupError) as error:
        return {"type": type(error).__name__, "args": error.args}
