"""A commit for every row: what came before a bad row stays.

May change; a commit after the loop would lose the good rows, or keep what a rollback took back.
"""

import os
from pathlib import Path

from fastapi import FastAPI, HTTPException
from journal import note
from sqlalchemy import ForeignKey, create_engine, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

engine = create_engine(f"sqlite:///{Path(os.environ['SCRATCH'], 'rows.db').as_posix()}")
app = FastAPI()


class Base(DeclarativeBase):
    pass


class Row(Base):
    __tablename__ = "row"
    name: Mapped[str] = mapped_column(primary_key=True)
    parent_name: Mapped[str | None] = mapped_column(ForeignKey("row.name"))
    parent: Mapped["Row | None"] = relationship(remote_side=[name])


Base.metadata.create_all(engine)


@app.post("/rows")
def add(names: list[str]):
    with Session(engine) as db:
        for name in names:
            db.add(Row(name=name))
            db.commit()
            note("committed", name)
    return len(names)


@app.post("/tolerant")
def add_tolerant(names: list[str]):
    done = []
    with Session(engine) as db:
        for name in names:
            try:
                db.add(Row(name=name, parent_name=names[0]))
                db.commit()
            except IntegrityError:
                db.rollback()
                continue
            done.append(name)
    return done


@app.get("/rows")
def rows():
    with Session(engine) as db:
        found = db.scalars(select(Row).order_by(Row.name)).all()
        return [[row.name, row.parent.name if row.parent else None] for row in found]
