"""The carrier's price list."""

import httpx

from ..core.errors import ProviderError


class CarrierClient:
    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def rate(self, zone: str, weight_grams: int) -> int:
        """The price of a parcel in cents."""
        query: dict[str, str | int] = {"zone": zone, "weight_grams": weight_grams}
        try:
            response = await self.http.get("/carrier/rate", params=query)
            response.raise_for_status()
        except httpx.HTTPError as error:
            raise ProviderError("the carrier is not available") from error
        cents: int = response.json()["cents"]
        return cents
