"""A route that fills the injected response before and after it blocks, and endpoints with their own status.

Must change; headers, cookies and status stay.
"""

import os
from urllib.request import urlopen

from fastapi import FastAPI, Request, Response, status
from journal import note

UPSTREAM = os.environ["UPSTREAM"]
app = FastAPI()


@app.post("/login", status_code=status.HTTP_201_CREATED)
async def login(request: Request, response: Response):
    response.set_cookie("before", "1")
    body = urlopen(f"{UPSTREAM}/slow?ms=400", timeout=5).read()
    response.headers["x-size"] = str(len(body) > 10)
    response.set_cookie("after", "2")
    if "teapot" in request.query_params:
        response.status_code = 418
    request.state.seen = True
    note("seen", request.state.seen, request.url.path)


@app.delete("/thing", status_code=204)
async def remove():
    with urlopen(f"{UPSTREAM}/slow?ms=400", timeout=5): pass
