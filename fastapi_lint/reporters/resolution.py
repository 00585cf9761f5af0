"""How much of the code on the event loop was understood: for people on stderr, for programs in a file of its own."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

from fastapi_lint.project.flow.resolution import KINDS, Resolution, UnresolvedCall


def resolution_lines(resolution: Resolution) -> Iterator[str]:
    """The shares, then each unresolved call that looks first-party, with the reason."""
    yield f"{resolution.total} calls in code on the event loop"
    for kind in KINDS:
        count = resolution.calls[kind]
        yield f"{count:8} {_percent(count / resolution.total if resolution.total else 0.0)}  {kind}"
    origins = Counter(call.origin for call in resolution.unresolved)
    yield f"resolved: {_percent(resolution.resolved).strip()}"
    yield (
        f"first-party callees resolved: {_percent(resolution.first_party).strip()}, "
        f"at least {_percent(resolution.first_party_at_least).strip()} "
        f"({origins['first-party']} unresolved ones look first-party, {origins['ambiguous']} are ambiguous)"
    )
    for call in resolution.unresolved:
        if call.origin == "first-party":
            where = f"{call.path}:{call.place.row}:{call.place.column}"
            yield f"{where}: `{call.callee}` is not resolved: {call.reason}: {call.cause}"


def resolution_document(resolution: Resolution) -> str:
    """All of it as a JSON object."""
    document = {
        "calls": {"total": resolution.total, **resolution.calls},
        "resolved": round(resolution.resolved, 4),
        "first_party": {
            "resolved": round(resolution.first_party, 4),
            "resolved_at_least": round(resolution.first_party_at_least, 4),
        },
        "unresolved": [_call_object(call) for call in resolution.unresolved],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _call_object(call: UnresolvedCall) -> dict[str, object]:
    place = call.place
    return {
        "filename": call.path,
        "location": {"row": place.row, "column": place.column},
        "end_location": {"row": place.end_row, "column": place.end_column},
        "callee": call.callee,
        "origin": call.origin,
        "reason": call.reason,
        "cause": call.cause,
    }


def _percent(share: float) -> str:
    return f"{share * 100:5.1f} %"
