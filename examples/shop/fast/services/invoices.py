"""Invoices as text."""

from pathlib import Path
from string import Template

from ..core.schemas import OrderOut

TEMPLATE_PATH = Path(__file__).parents[1] / "templates" / "invoice.txt"
# Read once, when the module is imported.
TEMPLATE = Template(TEMPLATE_PATH.read_text(encoding="utf-8"))


async def render_invoice(order: OrderOut) -> str:
    return TEMPLATE.substitute(
        number=order.id,
        country=order.country,
        postcode=order.postcode,
        lines="\n".join(f"{line.quantity} x product {line.product_id}" for line in order.items),
        total=f"{order.total_cents / 100:.2f}",
    )
