"""Takes its `sleep` from the app."""

from app import now, sleep


def run() -> str:
    sleep(0.01)
    return f"{sleep.__name__} {now.__name__}"
