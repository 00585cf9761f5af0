"""What goes over the wire."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Page(BaseModel):
    limit: int
    offset: int


class ProductOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    price_cents: int
    weight_grams: int


class PriceOut(BaseModel):
    product_id: int
    currency: str
    amount_cents: int


class Credentials(BaseModel):
    email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]
    password: Annotated[str, Field(min_length=8, max_length=128)]


class UserOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    email: str


class StoredUser(UserOut):
    password_hash: str


class TokenOut(BaseModel):
    token: str


class OrderLine(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    product_id: int
    quantity: Annotated[int, Field(ge=1, le=100)]


class OrderIn(BaseModel):
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    postcode: Annotated[str, Field(min_length=3, max_length=10)]
    items: Annotated[list[OrderLine], Field(min_length=1, max_length=50)]


class OrderOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    country: str
    postcode: str
    total_cents: int
    weight_grams: int
    payment_id: str | None
    items: list[OrderLine]


class PaymentIn(BaseModel):
    token: str


class ShippingQuote(BaseModel):
    zone: str
    cents: int


class ProductSales(BaseModel):
    product_id: int
    name: str
    sold: int


class CountryTotal(BaseModel):
    country: str
    orders: int
    total_cents: int


class Banner(BaseModel):
    text: Annotated[str, Field(max_length=200)]
