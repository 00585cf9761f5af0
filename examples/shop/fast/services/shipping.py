"""What it costs to send an order."""

from ..core.cache import delivery_zone
from ..core.schemas import OrderOut, ShippingQuote
from .carrier import CarrierClient


class ShippingService:
    def __init__(self, carrier: CarrierClient) -> None:
        self.carrier = carrier

    async def quote(self, order: OrderOut) -> ShippingQuote:
        zone = delivery_zone(order.country, order.postcode)
        cents = await self.carrier.rate(zone, order.weight_grams)
        return ShippingQuote(zone=zone, cents=cents)
