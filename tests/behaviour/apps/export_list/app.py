"""`__all__` exports imported names, one of them unused otherwise after the fix; a plugin takes them with a star.

Must change.
"""

import time
from time import sleep

from fastapi import FastAPI

__all__ = ["app", "sleep", "time"]

app = FastAPI()


@app.get("/nap")
async def nap():
    sleep(0.2)
    time.sleep(0.2)
    return "napped"


@app.get("/plugin")
async def plugin():
    from plugin import describe

    return describe()
