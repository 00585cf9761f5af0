import time

from fastapi import APIRouter
from journal import note

router = APIRouter()


@router.get("/one")
async def one():
    time.sleep(0.05)
    note("one")
    return 1


@router.get("/two")
async def two():
    return 2
