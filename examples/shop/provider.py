"""The outside world of the shop on one port: payments, exchange rates, a carrier and a warehouse.

Run it next to the shop: `uvicorn --app-dir examples shop.provider:app --port 9000`. It keeps no state, so that the same
request always gets the same answer.
"""

from typing import Literal

from fastapi import FastAPI, HTTPException, status
from pydantic import BaseModel

RATES = {"EUR": 1.0, "USD": 1.25, "GBP": 0.8}
ZONE_CENTS = {"home": 390, "near": 790, "far": 1490}

app = FastAPI(title="Pretend provider")


class Charge(BaseModel):
    order_id: int
    amount_cents: int
    token: str
    attempt: int


class Payment(BaseModel):
    payment_id: str


class Rate(BaseModel):
    currency: str
    rate: float


class CarrierRate(BaseModel):
    cents: int


class WarehouseOrder(BaseModel):
    order_id: int


@app.post("/payments")
async def create_payment(charge: Charge) -> Payment:
    """Take the money; `tok_flaky` fails at the first attempt, `tok_declined` always."""
    if charge.token == "tok_declined":
        raise HTTPException(status.HTTP_402_PAYMENT_REQUIRED, "card declined")
    if charge.token == "tok_flaky" and charge.attempt == 1:
        raise HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE, "try again")
    return Payment(payment_id=f"pay_{charge.order_id}_{charge.amount_cents}")


@app.get("/rates/{currency}")
async def get_rate(currency: str) -> Rate:
    if currency not in RATES:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "unknown currency")
    return Rate(currency=currency, rate=RATES[currency])


@app.get("/carrier/rate")
async def get_carrier_rate(zone: Literal["home", "near", "far"], weight_grams: int) -> CarrierRate:
    return CarrierRate(cents=ZONE_CENTS[zone] + weight_grams // 100)


@app.post("/warehouse/orders", status_code=status.HTTP_202_ACCEPTED)
async def announce_order(order: WarehouseOrder) -> WarehouseOrder:
    return order
