"""Engines, adapters and a session maker made of constants, for each request, in the shapes that code has.

Must change: they are made once. What they answer, how they fail and what is in the database stay.
"""

import os
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session, sessionmaker

URL = "sqlite:///" + os.environ["SCRATCH"] + "/made_once.db"
LIMIT = 3
app = FastAPI()


class Item(BaseModel):
    name: str
    count: Annotated[int, Field(ge=0)] = 0


@app.post("/items")
def items(raw: list[object]):
    adapter = TypeAdapter(list[Item])
    try:
        return [item.count for item in adapter.validate_python(raw)]
    except ValidationError as error:
        raise HTTPException(422, detail=[part["type"] for part in error.errors()]) from None


@app.post("/numbers")
async def numbers(raw: list[object]):
    return sum(TypeAdapter(list[int]).validate_python(raw)) + LIMIT


@app.post("/hits")
def hits():
    engine = create_engine(
        URL,
        pool_size=LIMIT,
    )
    with engine.begin() as connection:
        connection.execute(text("create table if not exists hit (n integer)"))
        connection.execute(text("insert into hit values (1)"))
    with Session(engine) as session:
        return session.execute(text("select count(*) from hit")).scalar()


def rows(limit: int = LIMIT):
    make = sessionmaker(create_engine(URL), expire_on_commit=False)
    with make() as session:
        yield session.execute(text(f"select n from hit limit {limit}")).scalars().all()


@app.get("/rows")
def get_rows(found: Annotated[list[int], Depends(rows)]):
    return found


class Reports:
    def count(self):
        engine = create_engine(URL)
        with engine.connect() as connection:
            return connection.execute(text("select count(*) from hit")).scalar()


@app.get("/report")
def report():
    return Reports().count()
