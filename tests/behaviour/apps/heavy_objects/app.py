"""Things made for every request that look constant: adapters, a pool that is shut down, settings from a changing place.

May change; a pool that was shut down takes no more work, and settings read again must be read again.
"""

import os
from concurrent.futures import ThreadPoolExecutor

from fastapi import FastAPI
from journal import note
from pydantic import BaseModel, TypeAdapter, ValidationError, create_model

app = FastAPI()
os.environ["LEVEL"] = "1"


class Settings(BaseModel):
    level: int = 0

    @classmethod
    def read(cls):
        return cls(level=os.environ["LEVEL"])


@app.post("/sum")
def total(values: list[object]):
    adapter = TypeAdapter(list[int])
    try:
        return sum(adapter.validate_python(values))
    except ValidationError as error:
        note("errors", error.error_count())
        return None


@app.get("/pool")
def pool(n: int = 2):
    with ThreadPoolExecutor(max_workers=n) as pool:
        return list(pool.map(str, range(n)))


@app.post("/level/{level}")
def level(level: int):
    before = Settings.read()
    os.environ["LEVEL"] = str(level)
    after = Settings.read()
    return [before.level, after.level]


@app.get("/model/{field}")
def model(field: str):
    Made = create_model("Made", **{field: (int, 1)})
    return Made().model_dump()
