import httpx
from fastapi import APIRouter, HTTPException, status

from ..core.deps import ExistingProduct, PageDep, Products
from ..core.schemas import PriceOut, ProductOut
from ..core.settings import settings
from ..services.rates import exchange_rate

router = APIRouter(prefix="/products", tags=["products"])

RECENT_SEARCHES: list[str] = []


@router.get("")
async def list_products(products: Products, page: PageDep, q: str = "") -> list[ProductOut]:
    if q:
        # Grows until the process dies, and each worker process has a list of its own.
        RECENT_SEARCHES.append(q)  # expect: FAL301
    # A synchronous SQLAlchemy session does the work, two modules away.
    return products.search(q, page.limit, page.offset)  # expect: FAL103


@router.get("/recent-searches")
async def list_recent_searches() -> list[str]:
    return RECENT_SEARCHES[:-11:-1]


@router.get("/{product_id}")
async def show_product(product: ExistingProduct) -> ProductOut:
    return product


@router.get("/{product_id}/price")
async def show_price(product: ExistingProduct, currency: str = "EUR") -> PriceOut:
    async with httpx.AsyncClient(base_url=settings.provider_url, timeout=5) as http:  # expect: FAL201
        rate = await exchange_rate(http, currency)
    if rate is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such currency")
    return PriceOut(product_id=product.id, currency=currency, amount_cents=round(product.price_cents * rate))
