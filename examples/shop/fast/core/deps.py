"""What routes ask for with `Depends`."""

from typing import Annotated

import httpx
from fastapi import Depends, HTTPException, Path, Query, Request, status
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.orm import Session

from ..repositories import OrderRepository, ProductRepository, UserRepository
from ..services.carrier import CarrierClient
from ..services.payments import PaymentClient
from ..services.shipping import ShippingService
from .auth import read_token
from .db import get_session
from .schemas import OrderOut, Page, ProductOut, UserOut

SessionDep = Annotated[Session, Depends(get_session)]


async def get_http(request: Request) -> httpx.AsyncClient:
    http: httpx.AsyncClient = request.state.http
    return http


Http = Annotated[httpx.AsyncClient, Depends(get_http)]


# Nothing here blocks: as a coroutine it is called where it is needed, without a trip to the thread pool.
async def get_page(limit: Annotated[int, Query(ge=1, le=100)] = 20, offset: Annotated[int, Query(ge=0)] = 0) -> Page:
    return Page(limit=limit, offset=offset)


async def get_products(session: SessionDep) -> ProductRepository:
    return ProductRepository(session)


async def get_orders(session: SessionDep) -> OrderRepository:
    return OrderRepository(session)


async def get_users(session: SessionDep) -> UserRepository:
    return UserRepository(session)


async def get_payments(http: Http) -> PaymentClient:
    return PaymentClient(http)


async def get_shipping(http: Http) -> ShippingService:
    return ShippingService(CarrierClient(http))


PageDep = Annotated[Page, Depends(get_page)]
Products = Annotated[ProductRepository, Depends(get_products)]
Orders = Annotated[OrderRepository, Depends(get_orders)]
Users = Annotated[UserRepository, Depends(get_users)]
Payments = Annotated[PaymentClient, Depends(get_payments)]
Shipping = Annotated[ShippingService, Depends(get_shipping)]
Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))]


# The three below query the database: as plain functions they do so in a worker thread, which is right.
def get_current_user(bearer: Bearer, users: Users) -> UserOut:
    user_id = read_token(bearer.credentials) if bearer else None
    user = users.get(user_id) if user_id is not None else None
    if user is None:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "sign in first")
    return user


CurrentUser = Annotated[UserOut, Depends(get_current_user)]


def get_product(product_id: Annotated[int, Path(ge=1)], products: Products) -> ProductOut:
    product = products.get(product_id)
    if product is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such product")
    return product


def get_own_order(order_id: Annotated[int, Path(ge=1)], user: CurrentUser, orders: Orders) -> OrderOut:
    order = orders.get(order_id, user.id)
    if order is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such order")
    return order


ExistingProduct = Annotated[ProductOut, Depends(get_product)]
OwnOrder = Annotated[OrderOut, Depends(get_own_order)]
