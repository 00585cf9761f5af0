"""A websocket that naps between messages and hangs up on a bad one.

Must change: a websocket endpoint has to stay async.
"""

import time

from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from journal import note

app = FastAPI()


def translate(text: str) -> str:
    time.sleep(0.3)
    if not text.isalpha():
        raise ValueError(text)
    return text[::-1]


@app.websocket("/ws")
async def talk(socket: WebSocket, name: str = "x"):
    await socket.accept()
    try:
        while True:
            text = await socket.receive_text()
            await socket.send_text(f"{name}: " + translate(text))
    except WebSocketDisconnect as gone:
        note("gone", gone.code)
    except ValueError as error:
        time.sleep(0.1)
        await socket.close(code=4000, reason=str(error))
    finally:
        note("end")
