"""Async static methods, class methods, partials and factories of endpoints; instance state that changes on the way.

Must change.
"""

import functools
import time

from fastapi import FastAPI
from journal import note

app = FastAPI()


class Robot:
    made = 0
    __slots__ = ("__steps", "name")

    def __init__(self, name: str):
        type(self).made += 1
        self.name = name
        self.__steps = 0

    def __walk(self, n: int) -> int:
        time.sleep(0.1)
        self.__steps += n
        return self.__steps

    async def walk(self, n: int) -> int:
        before = self.__steps
        after = self.__walk(n)
        note(self.name, before, after, self.__steps)
        return self.__walk(n=-1)

    @staticmethod
    async def rest(seconds: float = 0.2) -> str:
        time.sleep(seconds)
        return "rested"

    @classmethod
    async def make(cls, name: str) -> "Robot":
        time.sleep(0.2)
        return cls(name)


def endpoint(word: str, seconds: float):
    async def handler(n: int = 1):
        time.sleep(seconds)
        return word * n

    handler.__name__ = f"say_{word}"
    return handler


app.get("/say/ha")(endpoint("ha", 0.2))
app.add_api_route("/say/ho", endpoint("ho", 0.2))
app.add_api_route("/say/hi", functools.partial(endpoint("hi", 0.2), n=2))


@app.get("/robot")
async def robot():
    made = await Robot.make("r2")
    return [await made.walk(3), await made.rest(), await functools.partial(Robot.rest, 0.1)(), Robot.made]
