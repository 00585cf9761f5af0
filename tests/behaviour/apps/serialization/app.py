"""Models that are dumped before they are returned, with what the dump leaves out or renames.

May change; a secret that the dump excludes must not come back.
"""

from datetime import date
from decimal import Decimal

from fastapi import FastAPI
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, computed_field, field_serializer

app = FastAPI()


class User(BaseModel):
    name: str = Field(alias="userName")
    password: str = "secret"
    born: date = date(2000, 1, 2)
    money: Decimal | None = None

    @computed_field
    @property
    def initial(self) -> str:
        return self.name[0]

    @field_serializer("born")
    def show_year(self, value: date) -> int:
        return value.year


class Public(BaseModel):
    name: str
    born: int | None = None


ADA = User(userName="ada")


@app.get("/plain", response_model=User)
def plain() -> User:
    return ADA.model_dump()


@app.get("/alias", response_model=User)
def by_alias():
    return ADA.model_dump(by_alias=True)


@app.get("/exclude", response_model=dict)
def exclude():
    return ADA.model_dump(exclude={"password"})


@app.get("/unset")
def unset() -> dict:
    return ADA.model_dump(exclude_unset=True)


@app.get("/public", response_model=Public)
def public():
    return ADA.model_dump(include={"name"})


@app.get("/encoded")
def encoded():
    return JSONResponse(jsonable_encoder(ADA, exclude={"password"}), headers={"x-encoded": "yes"})


@app.get("/class", response_class=JSONResponse, response_model=Public)
def by_class():
    return {"name": "ada", "born": 1815, "extra": 1}


@app.get("/list", response_model=list[Public], response_model_exclude_none=True)
def many():
    return [ADA.model_dump(exclude={"born"}), {"name": "b", "born": None}]
