"""Suppressions that suppress nothing, next to others that are not ours, in every place where a comment may stand.

Must change, in comments only; a text that looks like a suppression is none.
"""

import json  # noqa: FAL101
import time  # noqa: E401

from fastapi import FastAPI  # noqa: FAL102, F401
from journal import note  # type: ignore[import-not-found]  # noqa: FAL101

app = FastAPI()


@app.get("/")
def root() -> list[str]:  # fastapi-lint: ignore[blocking-sleep]
    text = """a  # noqa: FAL101
    b"""  # noqa: FAL101 -- why
    note("root")
    return [text, json.dumps([1]),  # keep me
            time.strftime("%Y", time.gmtime(0))]  # noqa:FAL105
