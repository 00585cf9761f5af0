"""A file from Windows: a byte order mark and CRLF everywhere, a comment and a text with line ends inside.

Must change, in its own style.
"""

import time

from fastapi import FastAPI
from journal import note

app = FastAPI()
TEXT = """one
two"""


@app.get("/")
async def root():
    # sleeps
    time.sleep(0.4)  # long

    note(repr(TEXT))
    return [TEXT, \
            "continued"]
