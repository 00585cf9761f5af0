from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ..core.models import Order, OrderItem, Product
from ..core.schemas import OrderIn, OrderOut


class UnknownProductError(Exception):
    """An order names a product that the shop does not sell."""


class OrderRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def get(self, order_id: int, user_id: int) -> OrderOut | None:
        order = self.session.scalar(select(Order).where(Order.id == order_id, Order.user_id == user_id))
        return OrderOut.model_validate(order) if order else None

    def list_for_user(self, user_id: int, limit: int, offset: int) -> list[OrderOut]:
        query = select(Order).where(Order.user_id == user_id).order_by(Order.id).limit(limit).offset(offset)
        return [OrderOut.model_validate(order) for order in self.session.scalars(query).all()]

    def create(self, user_id: int, wanted: OrderIn) -> OrderOut:
        quantities = {line.product_id: line.quantity for line in wanted.items}
        query = select(Product).where(Product.id.in_(quantities)).order_by(Product.id)
        products = self.session.scalars(query).all()
        if len(products) != len(quantities):
            raise UnknownProductError
        order = Order(
            user_id=user_id,
            country=wanted.country,
            postcode=wanted.postcode,
            total_cents=sum(product.price_cents * quantities[product.id] for product in products),
            weight_grams=sum(product.weight_grams * quantities[product.id] for product in products),
            items=[
                OrderItem(
                    product_id=product.id,
                    quantity=quantities[product.id],
                    unit_price_cents=product.price_cents,
                )
                for product in products
            ],
        )
        self.session.add(order)
        self.session.commit()
        return OrderOut.model_validate(order)

    def mark_paid(self, order: OrderOut, payment_id: str) -> OrderOut:
        self.session.execute(update(Order).where(Order.id == order.id).values(payment_id=payment_id))
        self.session.commit()
        return order.model_copy(update={"payment_id": payment_id})
