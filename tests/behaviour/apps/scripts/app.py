"""An app next to a command line tool that blocks as it likes, on no event loop.

Must not change: no request gets to the tool.
"""

import asyncio

from fastapi import FastAPI

app = FastAPI()


@app.get("/", response_model=str)
async def root() -> str:
    await asyncio.sleep(0)
    return "root"
