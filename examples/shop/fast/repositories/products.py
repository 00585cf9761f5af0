from sqlalchemy import select
from sqlalchemy.orm import Session

from ..core.models import Product, Search
from ..core.schemas import ProductOut


class ProductRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def get(self, product_id: int) -> ProductOut | None:
        product = self.session.get(Product, product_id)
        return ProductOut.model_validate(product) if product else None

    def search(self, text: str, limit: int, offset: int) -> list[ProductOut]:
        query = select(Product).where(Product.name.icontains(text)).order_by(Product.id).limit(limit).offset(offset)
        return [ProductOut.model_validate(product) for product in self.session.scalars(query).all()]

    def remember_search(self, text: str) -> None:
        self.session.add(Search(text=text))
        self.session.commit()

    def recent_searches(self) -> list[str]:
        return list(self.session.scalars(select(Search.text).order_by(Search.id.desc()).limit(10)))
