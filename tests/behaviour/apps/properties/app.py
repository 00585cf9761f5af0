"""Blocking work behind attributes, subscripts, operators, iteration and calls of objects.

May change; every one of them must give the same.
"""

import asyncio
import time
from functools import cached_property

from fastapi import FastAPI
from journal import note

app = FastAPI()


class Report:
    render = staticmethod(lambda n: time.sleep(0.02) or n * 3)
    builder = dict

    def __init__(self, rows: list[int]):
        self.rows = rows

    @property
    def total(self) -> int:
        time.sleep(0.02)
        note("total")
        return sum(self.rows)

    @total.setter
    def total(self, value: int) -> None:
        time.sleep(0.02)
        note("set", value)
        self.rows = [value]

    @cached_property
    def best(self) -> int:
        time.sleep(0.02)
        note("best")
        return max(self.rows)

    @classmethod
    def load(cls, *rows: int) -> "Report":
        time.sleep(0.02)
        return cls(list(rows))

    def __getitem__(self, index: int) -> int:
        time.sleep(0.02)
        return self.rows[index]

    def __add__(self, other: int) -> int:
        time.sleep(0.02)
        return sum(self.rows) + other

    def __call__(self, n: int) -> int:
        time.sleep(0.02)
        return n

    def __contains__(self, n: int) -> bool:
        time.sleep(0.02)
        return n in self.rows

    def __len__(self) -> int:
        time.sleep(0.02)
        return 0

    def __str__(self) -> str:
        time.sleep(0.02)
        return "report"


@app.get("/")
async def root():
    await asyncio.sleep(0)
    report = Report.load(1, 2)
    report.total += 4
    report.total = report.total - report[0] + 2
    first = report.best if report else report.best + 1
    return [first, report.best, report + 1, report(5), 2 in report, len(report), str(report), f"{report}", report.render(2)]


@app.get("/error")
async def error():
    await asyncio.sleep(0)
    return Report([])[3]
