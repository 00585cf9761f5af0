"""Numbers for the people who run the shop."""

import sqlite3
from contextlib import closing
from pathlib import Path

from pydantic import TypeAdapter
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ..core.models import OrderItem, Product
from ..core.schemas import CountryTotal, Page, ProductSales

COUNTRY_TOTALS = """
    SELECT country, count(*) AS orders, sum(total_cents) AS total_cents
    FROM "order" GROUP BY country ORDER BY country LIMIT 100
"""
COUNTRY_TOTALS_ADAPTER = TypeAdapter(list[CountryTotal])


def sales_by_product(session: Session, page: Page) -> list[ProductSales]:
    sold = func.coalesce(func.sum(OrderItem.quantity), 0)
    query = (
        select(Product.id, Product.name, sold)
        .outerjoin(OrderItem, OrderItem.product_id == Product.id)
        .group_by(Product.id)
        .order_by(Product.id)
        .limit(page.limit)
        .offset(page.offset)
    )
    return [ProductSales(product_id=key, name=name, sold=count) for key, name, count in session.execute(query)]


def country_totals(database_path: Path) -> list[CountryTotal]:
    with closing(sqlite3.connect(database_path)) as connection:
        connection.row_factory = sqlite3.Row
        rows = [dict(row) for row in connection.execute(COUNTRY_TOTALS)]
    return COUNTRY_TOTALS_ADAPTER.validate_python(rows)
