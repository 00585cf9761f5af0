"""One shop, written twice: `slow` with performance anti-patterns, `fast` with each of them repaired."""
