from fastapi import APIRouter, HTTPException, status

from ..core.deps import ExistingProduct, Http, PageDep, Products
from ..core.schemas import PriceOut, ProductOut
from ..services.rates import exchange_rate

router = APIRouter(prefix="/products", tags=["products"])


@router.get("")
def list_products(products: Products, page: PageDep, q: str = "") -> list[ProductOut]:
    if q:
        products.remember_search(q)
    return products.search(q, page.limit, page.offset)


@router.get("/recent-searches")
def list_recent_searches(products: Products) -> list[str]:
    return products.recent_searches()


@router.get("/{product_id}")
async def show_product(product: ExistingProduct) -> ProductOut:
    return product


@router.get("/{product_id}/price")
async def show_price(product: ExistingProduct, http: Http, currency: str = "EUR") -> PriceOut:
    rate = await exchange_rate(http, currency)
    if rate is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such currency")
    return PriceOut(product_id=product.id, currency=currency, amount_cents=round(product.price_cents * rate))
