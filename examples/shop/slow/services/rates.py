"""Exchange rates."""

import httpx
from fastapi import status

from ..core.errors import ProviderError


async def exchange_rate(http: httpx.AsyncClient, currency: str) -> float | None:
    """How much of the currency one euro buys, or None if nobody has heard of it."""
    try:
        response = await http.get(f"/rates/{currency}")
    except httpx.TransportError as error:
        raise ProviderError("exchange rates are not available") from error
    if response.status_code == status.HTTP_404_NOT_FOUND:
        return None
    rate: float = response.json()["rate"]
    return rate
