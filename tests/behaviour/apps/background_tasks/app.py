"""Background tasks, async and sync, in the order in which they were added, one of them failing.

Must change in the async task; what comes after a failing task must still not run.
"""

import time

from fastapi import BackgroundTasks, FastAPI
from journal import note

app = FastAPI()


async def mail(to: str, *, fail: bool = False) -> None:
    note("mail", to)
    time.sleep(0.4)
    if fail:
        raise ConnectionError(f"cannot reach {to}")
    note("sent", to)


def log(text: str) -> None:
    time.sleep(0.05)
    note("log", text)


@app.post("/signup")
async def signup(tasks: BackgroundTasks, fail: bool = False):
    tasks.add_task(log, "one")
    tasks.add_task(mail, "ada", fail=fail)
    tasks.add_task(log, "two")
    note("route")
    return {"ok": True}
