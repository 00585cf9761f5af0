import os
from pathlib import Path

from journal import note
from sqlalchemy import ForeignKey, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, sessionmaker

engine = create_engine(f"sqlite:///{Path(os.environ['SCRATCH'], 'books.db').as_posix()}")
SessionLocal = sessionmaker(engine)


class Base(DeclarativeBase):
    pass


class Author(Base):
    __tablename__ = "author"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    books: Mapped[list["Book"]] = relationship(order_by="Book.id")


class Book(Base):
    __tablename__ = "book"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    author_id: Mapped[int] = mapped_column(ForeignKey("author.id"))


Base.metadata.create_all(engine)


def get_session():
    session = SessionLocal()
    try:
        yield session
    except Exception as error:
        note("session saw", type(error).__name__)
        raise
    finally:
        session.close()
        note("session closed")
