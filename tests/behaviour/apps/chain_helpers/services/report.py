from .client import get_json


def build(name: str, upper: bool = False) -> str:
    """A report on somebody."""
    said = get_json("/slow", name=name, ms=400)
    return said["query"]["name"].upper() if upper else said["query"]["name"]
