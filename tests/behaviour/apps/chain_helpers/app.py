"""Three modules deep: route, service, client. The service has a sync caller, too.

Must change in the route only: the helpers have a caller in a worker thread.
"""

from fastapi import FastAPI
from journal import note

from services import report
from services.report import build as build_report

app = FastAPI()


@app.get("/loop/{name}")
async def on_the_loop(name: str):
    note("route", name)
    return {"a": build_report(name), "b": report.build(name + "!", upper=True)}


@app.get("/thread/{name}")
def in_a_thread(name: str):
    return report.build(name)
