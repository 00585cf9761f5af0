"""Not that redis."""


class Redis:
    def __init__(self) -> None:
        self.data: dict[str, str] = {}

    def get(self, key: str) -> str:
        return self.data[key]

    def set(self, key: str, value: str) -> None:
        self.data[key] = value
