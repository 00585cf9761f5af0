"""Memoised look-ups."""

from functools import cache

HOME_PREFIXES = ("10", "12", "13", "14")
NEAR_PREFIXES = ("0", "1", "2", "3")


# The key is what a customer typed: every new postcode stays in memory for good.
@cache  # expect: FAL304
def delivery_zone(country: str, postcode: str) -> str:
    if country != "DE":
        return "far"
    if postcode.startswith(HOME_PREFIXES):
        return "home"
    return "near" if postcode.startswith(NEAR_PREFIXES) else "far"
