"""Invoices as text."""

from pathlib import Path
from string import Template

from ..core.schemas import OrderOut

TEMPLATE_PATH = Path(__file__).parents[1] / "templates" / "invoice.txt"


async def render_invoice(order: OrderOut) -> str:
    # The same file is read again for each invoice, on the event loop.
    template = Template(TEMPLATE_PATH.read_text(encoding="utf-8"))  # expect: FAL104
    return template.substitute(
        number=order.id,
        country=order.country,
        postcode=order.postcode,
        lines="\n".join(f"{line.quantity} x product {line.product_id}" for line in order.items),
        total=f"{order.total_cents / 100:.2f}",
    )
