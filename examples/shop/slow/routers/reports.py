from fastapi import APIRouter

from ..core.deps import PageDep
from ..core.schemas import CountryTotal, ProductSales
from ..core.settings import settings
from ..services.reporting import country_totals, reporting_session, sales_by_product

router = APIRouter(prefix="/reports", tags=["reports"])


@router.get("/sales")
def show_sales(page: PageDep) -> list[ProductSales]:
    with reporting_session() as session:
        return sales_by_product(session, page)


@router.get("/countries")
async def show_countries() -> list[CountryTotal]:
    return country_totals(settings.database_path)  # expect: FAL103
