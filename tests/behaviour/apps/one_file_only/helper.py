import time


def compute(n: int) -> int:
    time.sleep(0.4)
    return n + 1


async def nap():
    time.sleep(0.05)
    return "nap"
