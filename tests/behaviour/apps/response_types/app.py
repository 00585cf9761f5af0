"""Endpoints without a response type, which return more than their most evident type would let through.

May change; an annotation filters and validates, so it must not take fields away or make errors.
"""

from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse, RedirectResponse
from pydantic import BaseModel

app = FastAPI()


class Animal(BaseModel):
    name: str


class Cat(Animal):
    lives: int = 9


@dataclass
class Dog:
    name: str
    barks: bool = True


def pick(kind: str) -> Animal:
    return Cat(name="tom") if kind == "cat" else Animal(name=kind)


@app.get("/sub/{kind}")
def sub(kind: str):
    return pick(kind)


@app.get("/mixed/{kind}")
def mixed(kind: str):
    if kind == "cat":
        return Cat(name="tom")
    if kind == "dog":
        return Dog("rex")
    if kind == "text":
        return PlainTextResponse("text")
    if kind == "none":
        return None
    return {"kind": kind}


@app.get("/broken")
def broken():
    return Cat.model_construct(name=5, lives="many")


@app.get("/list")
async def many():
    return [Cat(name="a"), Animal(name="b"), {"name": "c", "more": 1}]


@app.get("/redirect")
async def redirect():
    return RedirectResponse("/list")
