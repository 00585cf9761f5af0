"""The engine, its sessions, and the first rows."""

from collections.abc import Iterator

from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session, sessionmaker

from .models import Base, Product
from .settings import settings

engine = create_engine(settings.database_url)
SessionFactory = sessionmaker(engine, expire_on_commit=False)

CATALOGUE = (
    ("Teapot", 2490, 900),
    ("Tea cup", 690, 250),
    ("Green tea", 1150, 200),
    ("Kettle", 4900, 1300),
)


def get_session() -> Iterator[Session]:
    """One session for each request; FastAPI runs this generator in a worker thread."""
    with SessionFactory() as session:
        yield session


def prepare_database() -> None:
    Base.metadata.create_all(engine)
    with SessionFactory() as session:
        if session.scalar(select(Product.id).limit(1)) is None:
            session.add_all(
                Product(name=name, price_cents=cents, weight_grams=grams) for name, cents, grams in CATALOGUE
            )
            session.commit()


def close_database() -> None:
    engine.dispose()
