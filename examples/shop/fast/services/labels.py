"""Parcel labels, printed by a command-line tool."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

from ..core.schemas import OrderOut

LABEL_TOOL = Path(__file__).parents[2] / "label_tool.py"


async def render_label(order: OrderOut) -> str:
    command = [sys.executable, str(LABEL_TOOL), str(order.id), f"{order.country}-{order.postcode}"]
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE)
    output, _ = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"the label tool failed with exit code {process.returncode}")
    return output.decode()
