"""Messages to the warehouse."""

import logging

import httpx

logger = logging.getLogger(__name__)


async def announce_order(http: httpx.AsyncClient, order_id: int) -> None:
    try:
        await http.post("/warehouse/orders", json={"order_id": order_id})
    except httpx.HTTPError:
        logger.warning("the warehouse has not heard of order %s", order_id)
