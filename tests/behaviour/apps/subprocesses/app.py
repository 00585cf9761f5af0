"""Subprocesses: output, input, exit codes and time limits, with their errors.

Must change.
"""

import subprocess
import sys

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from journal import note

app = FastAPI()


@app.exception_handler(subprocess.CalledProcessError)
async def failed(request, error):
    note("exit", error.returncode)
    return JSONResponse({"code": error.returncode, "output": error.output}, status_code=500)


def python(code: str) -> list[str]:
    return [sys.executable, "-S", "-c", code]


@app.get("/run")
async def run(code: int = 0):
    done = subprocess.run(
        python(f"import sys, time; time.sleep(0.4); print(sys.stdin.read()[::-1]); sys.exit({code})"),
        input="abc", text=True, check=True,  # raises
        stdout=subprocess.PIPE,
    )
    return {"out": done.stdout.strip()}


@app.get("/late")
async def late():
    try:
        subprocess.check_output(python("import time; time.sleep(5)"), timeout=0.4)
    except subprocess.TimeoutExpired as error:
        return {"timeout": error.timeout}


@app.get("/pipe")
async def pipe():
    with subprocess.Popen(python("print(input() * 2)"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        out, _ = process.communicate("xy\n")
        code = process.wait()
    return [out.strip(), code, process.returncode]
