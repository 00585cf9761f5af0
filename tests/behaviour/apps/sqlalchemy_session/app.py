"""A sync SQLAlchemy session from a dependency: used between awaits, lazily after a commit, and rolled back.

May change; objects, transactions and errors must stay the same.
"""

import asyncio

from fastapi import Depends, FastAPI, HTTPException
from journal import note
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from database import Author, Book, get_session

app = FastAPI()


@app.post("/authors/{name}")
async def add(name: str, db: Session = Depends(get_session)):
    author = Author(name=name, books=[Book(title="first"), Book(title="second")])
    db.add(author)
    try:
        db.commit()
    except IntegrityError as error:
        db.rollback()
        note("rolled back")
        raise HTTPException(409) from error
    return {"id": author.id, "books": [book.title for book in author.books]}


@app.get("/authors/{name}")
async def read(name: str, db: Session = Depends(get_session)):
    author = db.scalar(select(Author).where(Author.name == name))
    await asyncio.sleep(0)
    if author is None:
        raise HTTPException(404)
    same = db.get(Author, author.id)
    return {"titles": sorted(book.title for book in author.books), "same": same is author, "dirty": len(db.dirty)}


@app.put("/authors/{name}")
async def rename(name: str, new: str, db: Session = Depends(get_session)):
    author = db.execute(select(Author).where(Author.name == name)).scalar_one()
    author.name = new
    await asyncio.sleep(0)
    found = db.scalars(select(Author.name).order_by(Author.name)).all()
    if new == "bad":
        raise RuntimeError("not committed")
    db.commit()
    db.refresh(author)
    return {"found": found, "name": author.name}
