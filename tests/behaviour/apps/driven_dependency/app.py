"""A dependency that code outside of routes drives with `async for`, so that its end is left to the garbage collector.

Must change: it is entered as a context manager. A generator that swallows exceptions, and loops that are left with
`break`, stay.
"""

from fastapi import Depends, FastAPI, HTTPException

app = FastAPI()
open_now = 0


class Session:
    async def get(self, key: str) -> str:
        if key == "missing":
            raise KeyError(key)
        return key.upper()


async def get_session():
    global open_now
    open_now += 1
    try:
        yield Session()
    except KeyError:
        print("no such key")
        raise
    finally:
        open_now -= 1


async def get_quiet():
    try:
        yield Session()
    except KeyError:
        print("swallowed")


async def load(key: str) -> str:
    async for session in get_session():
        if key == "none":
            return "-"
        found = await session.get(key)
        return found * 2
    return "never"


async def load_all(*keys: str) -> list[str]:
    found = []
    async for session in get_session():
        for key in keys:
            if key == "stop":
                break
            found.append(await session.get(key))
    return found


async def get_polite():
    try:
        yield Session()
    except KeyError:
        raise HTTPException(404, "no such key") from None


async def load_politely(key: str) -> str:
    async for session in get_polite():
        return await session.get(key)
    return "nothing"


async def load_quietly(key: str) -> str:
    async for session in get_quiet():
        return await session.get(key)
    return "nothing"


@app.get("/one/{key}")
async def one(key: str):
    return await load(key)


@app.get("/all")
async def every():
    return await load_all("a", "b", "stop", "c")


@app.get("/quiet/{key}")
async def quiet(key: str):
    try:
        return await load_quietly(key)
    except KeyError as error:
        return f"raised {error}"


@app.get("/polite/{key}")
async def polite(key: str):
    try:
        return await load_politely(key)
    except KeyError as error:
        return f"raised {error}"


@app.get("/injected")
async def injected(session: Session = Depends(get_session), other: Session = Depends(get_quiet), third: Session = Depends(get_polite)):
    return await session.get("x") + await other.get("y")


@app.get("/open")
async def count():
    return open_now
