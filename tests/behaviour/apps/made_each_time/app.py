"""Things that look as if they could be made once, and must not be: each request would see what others did to them.

Must not change.
"""

import os
import ssl

import httpx
from fastapi import FastAPI
from journal import note
from pydantic import BaseModel, TypeAdapter
from sqlalchemy import create_engine, event, text
from sqlalchemy.orm import sessionmaker

UPSTREAM = os.environ["UPSTREAM"]
SCRATCH = os.environ["SCRATCH"]
HEADERS = {"x-token": "none"}
KIND = int
URL = "sqlite://"
ENGINE = create_engine(f"sqlite:///{SCRATCH}/four.db")
app = FastAPI()


@app.get("/cookie")
def cookie():
    client = httpx.Client(base_url=UPSTREAM)
    first = client.get("/cookie").json()["cookie"]
    return [first, client.get("/echo").json()["cookie"]]


@app.post("/memory")
def memory():
    engine = create_engine(URL)
    with engine.begin() as connection:
        connection.execute(text("create table hit (n integer)"))
        return connection.execute(text("select count(*) from hit")).scalar()


@app.post("/disposed")
def disposed():
    engine = create_engine(f"sqlite:///{SCRATCH}/one.db")
    try:
        with engine.connect() as connection:
            return connection.execute(text("select 1")).scalar()
    finally:
        engine.dispose()


@app.post("/listening/{name}")
def listening(name: str):
    engine = create_engine(f"sqlite:///{SCRATCH}/two.db")
    event.listen(engine, "begin", lambda connection: note("begin", name))
    with engine.begin() as connection:
        return connection.execute(text("select 2")).scalar()


@app.post("/handed")
def handed():
    engine = create_engine(f"sqlite:///{SCRATCH}/three.db")
    return finish(engine)


def finish(engine):
    with engine.connect() as connection:
        found = connection.execute(text("select 3")).scalar()
    engine.dispose()
    return found


@app.post("/configured/{flag}")
def configured(flag: bool):
    make = sessionmaker(ENGINE)
    if flag:
        make.configure(info={"flag": True})
    with make() as session:
        return session.info.get("flag", False)


@app.post("/kind/{name}")
def kind(name: str, value: str):
    global KIND
    KIND = {"int": int, "str": str}[name]
    return TypeAdapter(KIND).validate_python(value)


@app.post("/local")
def local(value: dict[str, str]):
    class Own(BaseModel):
        name: str

    return TypeAdapter(Own).validate_python(value).name


@app.get("/tls/{checked}")
def tls(checked: bool):
    context = ssl.create_default_context()
    if not checked:
        context.check_hostname = False
    return context.check_hostname
