"""What it costs to send an order."""

from ..core.cache import delivery_zone
from ..core.schemas import OrderOut, ShippingQuote
from .carrier import CarrierClient


class ShippingService:
    def __init__(self, carrier: CarrierClient) -> None:
        self.carrier = carrier

    async def quote(self, order: OrderOut) -> ShippingQuote:
        zone = delivery_zone(order.country, order.postcode)
        # An `async def` that awaits nothing: the carrier is asked with `requests`, and the loop waits for the answer.
        cents = self.carrier.rate(zone, order.weight_grams)  # expect: FAL102
        return ShippingQuote(zone=zone, cents=cents)
