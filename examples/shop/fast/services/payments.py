"""The payment provider."""

import httpx
from fastapi import status

from ..core.errors import PaymentDeclinedError, ProviderError
from .retry import MAX_ATTEMPTS, wait_before_retry


class PaymentClient:
    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def charge(self, order_id: int, amount_cents: int, token: str) -> str:
        """Take the money and return the payment's id; ask again while the provider is not available."""
        charge = {"order_id": order_id, "amount_cents": amount_cents, "token": token}
        for attempt in range(1, MAX_ATTEMPTS + 1):
            payment_id = await self._try_once({**charge, "attempt": attempt})
            if payment_id is not None:
                return payment_id
            await wait_before_retry(attempt)
        raise ProviderError("payments are not available")

    async def _try_once(self, charge: dict[str, object]) -> str | None:
        try:
            response = await self.http.post("/payments", json=charge)
        except httpx.TransportError:
            return None
        if response.status_code == status.HTTP_402_PAYMENT_REQUIRED:
            raise PaymentDeclinedError
        if not response.is_success:
            return None
        payment_id: str = response.json()["payment_id"]
        return payment_id
