#!/usr/bin/env python
# -*- coding: utf-8 -*-
# Copyright: nobody
"""A file with everything that has to stay at its top: shebang, coding, docstring, `__future__`.

Must change; a new import has to go below all of it.
"""
# the future

from __future__ import annotations  # must be first
from time import sleep

"""A string that is no docstring."""

__version__ = "1"  # grüße

from fastapi import FastAPI
from journal import note

app = FastAPI()


@app.get("/")
async def root(naïve: int = 1) -> dict[str, str]:
    sleep(0.4)  # schläft
    note("grüße", naïve)
    return {"doc": (__doc__ or "")[:6], "future": str(root.__annotations__["return"])}
