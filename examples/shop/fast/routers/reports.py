from fastapi import APIRouter

from ..core.deps import PageDep, SessionDep
from ..core.schemas import CountryTotal, ProductSales
from ..core.settings import settings
from ..services.reporting import country_totals, sales_by_product

router = APIRouter(prefix="/reports", tags=["reports"])


@router.get("/sales")
def show_sales(session: SessionDep, page: PageDep) -> list[ProductSales]:
    return sales_by_product(session, page)


@router.get("/countries")
def show_countries() -> list[CountryTotal]:
    return country_totals(settings.database_path)
