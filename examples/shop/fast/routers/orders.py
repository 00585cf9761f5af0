from fastapi import APIRouter, BackgroundTasks, HTTPException, status
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse

from ..core.deps import CurrentUser, Http, Orders, OwnOrder, PageDep, Payments, Shipping
from ..core.schemas import OrderIn, OrderOut, PaymentIn, ShippingQuote
from ..repositories import UnknownProductError
from ..services.analytics import POOL, log_product_pairs
from ..services.invoices import render_invoice
from ..services.labels import render_label
from ..services.warehouse import announce_order

router = APIRouter(prefix="/orders", tags=["orders"])


@router.post("", status_code=status.HTTP_201_CREATED)
def create_order(
    wanted: OrderIn, user: CurrentUser, orders: Orders, http: Http, background: BackgroundTasks
) -> OrderOut:
    try:
        order = orders.create(user.id, wanted)
    except UnknownProductError:
        raise HTTPException(status.HTTP_400_BAD_REQUEST, "no such product") from None
    background.add_task(announce_order, http, order.id)
    POOL.submit(log_product_pairs, order)
    return order


@router.get("")
def list_orders(user: CurrentUser, orders: Orders, page: PageDep) -> list[OrderOut]:
    return orders.list_for_user(user.id, page.limit, page.offset)


@router.get("/{order_id}")
async def show_order(order: OwnOrder) -> OrderOut:
    return order


@router.get("/{order_id}/shipping")
async def quote_shipping(order: OwnOrder, shipping: Shipping) -> ShippingQuote:
    return await shipping.quote(order)


@router.post("/{order_id}/payment")
async def pay_order(payment: PaymentIn, order: OwnOrder, orders: Orders, payments: Payments) -> OrderOut:
    if order.payment_id is not None:
        raise HTTPException(status.HTTP_409_CONFLICT, "this order is paid")
    payment_id = await payments.charge(order.id, order.total_cents, payment.token)
    return await run_in_threadpool(orders.mark_paid, order, payment_id)


@router.get("/{order_id}/invoice", response_class=PlainTextResponse)
async def show_invoice(order: OwnOrder) -> str:
    return await render_invoice(order)


@router.get("/{order_id}/label", response_class=PlainTextResponse)
async def show_label(order: OwnOrder) -> str:
    return await render_label(order)
