"""Numbers for the people who run the shop."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from pydantic import TypeAdapter
from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import Session

from ..core.models import OrderItem, Product
from ..core.schemas import CountryTotal, Page, ProductSales
from ..core.settings import settings

COUNTRY_TOTALS = """
    SELECT country, count(*) AS orders, sum(total_cents) AS total_cents
    FROM "order" GROUP BY country ORDER BY country LIMIT 100
"""


@contextmanager
def reporting_session() -> Iterator[Session]:
    # A pool that serves one report and is thrown away.
    engine = create_engine(settings.database_url)  # expect: FAL203
    try:
        with Session(engine) as session:
            yield session
    finally:
        engine.dispose()


def sales_by_product(session: Session, page: Page) -> list[ProductSales]:
    products = session.scalars(select(Product).order_by(Product.id).limit(page.limit).offset(page.offset)).all()
    sales = []
    for product in products:
        query = select(func.sum(OrderItem.quantity)).where(OrderItem.product_id == product.id)
        # One query for the products and then one for each of them.
        sold = session.scalar(query) or 0  # later: FAL501
        sales.append(ProductSales(product_id=product.id, name=product.name, sold=sold))
    return sales


def country_totals(database_path: Path) -> list[CountryTotal]:
    with closing(sqlite3.connect(database_path)) as connection:
        connection.row_factory = sqlite3.Row
        rows = [dict(row) for row in connection.execute(COUNTRY_TOTALS)]
    # Building a validator costs far more than using it once.
    return TypeAdapter(list[CountryTotal]).validate_python(rows)  # expect: FAL205
