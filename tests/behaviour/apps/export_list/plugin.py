from app import *


def describe() -> list[str]:
    return [sleep.__name__, time.__name__]
