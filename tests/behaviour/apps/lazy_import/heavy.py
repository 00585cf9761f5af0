import time

from journal import note

note("heavy imported")


class Loader:
    def __init__(self, kind: str):
        self.kind = kind

    def run(self) -> str:
        time.sleep(0.4)
        return self.kind.upper()
