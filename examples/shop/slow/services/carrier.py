"""The carrier's price list."""

import requests

from ..core.errors import ProviderError


class CarrierClient:
    def __init__(self, base_url: str) -> None:
        self.base_url = base_url

    def rate(self, zone: str, weight_grams: int) -> int:
        """The price of a parcel in cents."""
        query: dict[str, str | int] = {"zone": zone, "weight_grams": weight_grams}
        try:
            response = requests.get(f"{self.base_url}/carrier/rate", params=query, timeout=5)
            response.raise_for_status()
        except requests.RequestException as error:
            raise ProviderError("the carrier is not available") from error
        cents: int = response.json()["cents"]
        return cents
