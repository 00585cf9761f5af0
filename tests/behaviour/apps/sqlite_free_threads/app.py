"""A shared sqlite3 connection without the same-thread check: a transaction spans several calls.

May change, but two requests at the same time must not get into each other's transaction.
"""

import asyncio
import sqlite3

from fastapi import FastAPI, HTTPException

connection = sqlite3.connect(":memory:", check_same_thread=False)
connection.execute("create table account (name text primary key, cents integer check (cents >= 0))")
connection.execute("insert into account values ('a', 100), ('b', 0)")
connection.commit()
app = FastAPI()


@app.post("/move/{cents}")
async def move(cents: int):
    await asyncio.sleep(0)
    try:
        connection.execute("update account set cents = cents + ? where name = 'b'", (cents,))
        connection.execute("update account set cents = cents - ? where name = 'a'", (cents,))
    except sqlite3.IntegrityError as error:
        connection.rollback()
        raise HTTPException(409, str(error)) from error
    connection.commit()
    return {"moved": cents}


@app.get("/accounts")
async def accounts():
    await asyncio.sleep(0)
    return dict(connection.execute("select name, cents from account order by name").fetchall())
