"""JSON that is parsed and then validated, with handlers for either error, strict models and odd numbers.

May change; which error a client gets is behaviour.
"""

import json
from datetime import date

from fastapi import FastAPI, HTTPException, Request
from journal import note
from pydantic import BaseModel, ConfigDict, ValidationError

app = FastAPI()


class Item(BaseModel):
    name: str
    price: float = 0


class Strict(BaseModel):
    model_config = ConfigDict(strict=True)
    day: date


def parse(text: str) -> Item:
    return Item.model_validate(json.loads(text))


@app.post("/handled")
async def handled(request: Request):
    body = await request.body()
    try:
        return Item.model_validate(json.loads(body)).model_dump_json()
    except json.JSONDecodeError as error:
        note("json", error.pos)
        raise HTTPException(400, detail=error.msg) from error
    except ValidationError as error:
        raise HTTPException(422, detail=error.errors(include_url=False, include_context=False)) from error


@app.post("/strict")
async def strict(request: Request):
    try:
        return Strict.model_validate(json.loads(await request.body())).day
    except ValidationError as error:
        return [each["type"] for each in error.errors()]


@app.post("/whole")
async def whole(request: Request):
    item = Item(**await request.json())
    return [item.name, item.price]


@app.post("/plain")
async def plain(request: Request):
    return parse((await request.body()).decode()).name
