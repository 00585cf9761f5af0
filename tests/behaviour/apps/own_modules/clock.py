"""A clock for tests."""

from journal import note


def sleep(seconds: float) -> None:
    note("virtual", seconds)


class Tape:
    def __init__(self, text: str) -> None:
        self.text = text

    def read(self) -> str:
        return self.text
