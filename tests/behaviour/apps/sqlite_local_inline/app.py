"""A local sqlite3 connection, used call by call in the endpoint, partly across an await.

May change where everything moves into one thread together; a single call may not.
"""

import asyncio
import os
import sqlite3
from pathlib import Path

from fastapi import FastAPI
from journal import note

PATH = Path(os.environ["SCRATCH"], "inline.db")
app = FastAPI()


@app.get("/whole")
async def whole():
    connection = sqlite3.connect(PATH)
    try:
        connection.execute("create table if not exists hit (n integer)")
        connection.execute("insert into hit values (1)")
        connection.commit()
        return {"hits": connection.execute("select count(*) from hit").fetchone()[0]}
    finally:
        connection.close()
        note("closed")


@app.get("/across")
async def across():
    connection = sqlite3.connect(PATH)
    cursor = connection.cursor()
    try:
        cursor.execute("select count(*) from hit")
        await asyncio.sleep(0)
        return cursor.fetchone()
    finally:
        cursor.close()
        connection.close()
        note("closed")


@app.get("/with")
async def with_block():
    with sqlite3.connect(PATH) as connection:
        connection.execute("insert into hit values (2)")
        await asyncio.sleep(0)
        rows = connection.execute("select n from hit order by n").fetchall()
    connection.close()
    return rows
