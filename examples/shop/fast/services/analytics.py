"""What is bought together: small sums that no customer should wait for."""

import logging
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations

from ..core.schemas import OrderOut

logger = logging.getLogger(__name__)

POOL = ThreadPoolExecutor(max_workers=2, thread_name_prefix="analytics")


def log_product_pairs(order: OrderOut) -> None:
    product_ids = sorted(line.product_id for line in order.items)
    for first, second in combinations(product_ids, 2):
        logger.info("bought together: %s and %s", first, second)
