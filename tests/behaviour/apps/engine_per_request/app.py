"""Engines made for every request: one for a tenant, one that is always the same, one in memory that is always new.

May change; data of tenants must not mix, and an in-memory database that starts empty must go on doing so.
"""

import os
from pathlib import Path

from fastapi import FastAPI
from sqlalchemy import create_engine, text
from sqlalchemy.orm import sessionmaker

ROOT = Path(os.environ["SCRATCH"])
app = FastAPI()


@app.post("/tenant/{name}")
def tenant(name: str):
    engine = create_engine(f"sqlite:///{ROOT / name}.db")
    with engine.begin() as connection:
        connection.execute(text("create table if not exists hit (n integer)"))
        connection.execute(text("insert into hit values (1)"))
        hits = connection.execute(text("select count(*) from hit")).scalar()
    engine.dispose()
    return hits


@app.post("/same")
def same():
    engine = create_engine(f"sqlite:///{ROOT}/same.db")
    session = sessionmaker(engine)()
    session.execute(text("create table if not exists hit (n integer)"))
    session.execute(text("insert into hit values (1)"))
    session.commit()
    hits = session.execute(text("select count(*) from hit")).scalar()
    session.close()
    engine.dispose()
    return hits


@app.post("/memory")
def memory():
    engine = create_engine("sqlite:///:memory:")
    with engine.begin() as connection:
        connection.execute(text("create table hit (n integer)"))
        return connection.execute(text("select count(*) from hit")).scalar()
