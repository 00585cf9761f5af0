"""One `requests.Session` for all, with cookies and headers that calls add; and an `http.client` connection.

Must change for the session; answers and cookies come in the same order.
"""

import http.client
import os

import requests
from fastapi import FastAPI
from journal import note

UPSTREAM = os.environ["UPSTREAM"]
session = requests.Session()
session.headers["x-token"] = "abc"
app = FastAPI()


@app.get("/cookie")
async def cookie():
    first = session.get(f"{UPSTREAM}/cookie?ms=400").json()
    session.headers.update({"x-token": first["token"] + "d"})
    second = session.get(f"{UPSTREAM}/echo").json()
    note("cookies", sorted(session.cookies.keys()))
    return [first["cookie"], second["cookie"], second["token"]]


@app.get("/client")
async def client():
    connection = http.client.HTTPConnection(UPSTREAM.removeprefix("http://"))
    connection.request("POST", "/echo?ms=20", body=b"payload")
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return [response.status, b"payload" in body]
