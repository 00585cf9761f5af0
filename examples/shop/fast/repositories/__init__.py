"""All SQL that reads and writes shop data. Repositories hand out plain schemas, never live rows."""

from .orders import OrderRepository, UnknownProductError
from .products import ProductRepository
from .users import UserRepository

__all__ = ["OrderRepository", "ProductRepository", "UnknownProductError", "UserRepository"]
