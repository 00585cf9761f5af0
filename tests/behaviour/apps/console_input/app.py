"""`input()` in a route: the next line of standard input, and its end.

Must change: whoever types may take minutes.
"""

from fastapi import FastAPI
from journal import note

app = FastAPI()


@app.get("/ask")
async def ask(what: str = "name"):
    try:
        answer = input(f"{what}? ").strip()
    except EOFError as error:
        note("end", error)
        return None
    return answer.title()
