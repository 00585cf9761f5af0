"""The same shop with each anti-pattern repaired: compare it with `slow`, module by module."""
