"""Hashing passwords: seconds of CPU, in a C function that lets other threads run.

Must change.
"""

import asyncio
import hashlib
import hmac

from fastapi import FastAPI, HTTPException
from journal import note
from pydantic import BaseModel

app = FastAPI()
ROUNDS = 900_000


class Login(BaseModel):
    name: str
    password: str


def digest(password: str, salt: str, *, rounds: int = 1000) -> str:
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), rounds).hex()


USERS = {"ada": digest("secret", "ada")}


@app.post("/login")
async def login(form: Login):
    await asyncio.sleep(0)
    if not hmac.compare_digest(USERS.get(form.name, ""), digest(form.password, salt=form.name)):
        note("refused", form.name)
        raise HTTPException(401)
    return {"token": hashlib.pbkdf2_hmac("sha256", form.password.encode(), b"token", ROUNDS).hex()[:16]}
