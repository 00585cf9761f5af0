"""Async dependencies that block: of a parameter, of a decorator, of a router; one of them refuses.

Must change: they are used by FastAPI only.
"""

import os
from typing import Annotated

import requests
from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException
from journal import note

UPSTREAM = os.environ["UPSTREAM"]


async def audit(x_user: Annotated[str, Header()] = "nobody"):
    note("audit", x_user)
    requests.post(f"{UPSTREAM}/slow?ms=300", data=x_user, timeout=5)


async def current_user(x_user: Annotated[str, Header()] = "nobody") -> str:
    said = requests.get(f"{UPSTREAM}/slow", params={"ms": 300, "u": x_user}, timeout=5)
    if said.json()["query"]["u"] == "nobody":
        raise HTTPException(401, headers={"WWW-Authenticate": "Basic"})
    return x_user.title()


router = APIRouter(dependencies=[Depends(audit)])


@router.get("/me")
async def me(user: Annotated[str, Depends(current_user)], again: str = Depends(current_user)):
    note("me", user)
    return {"user": user, "same": user is again}


app = FastAPI()
app.include_router(router, prefix="/v1")
