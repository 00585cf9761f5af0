"""A model, executor, schema or template environment built for each request.

## What it does

Reports objects that take long to build where request handling reaches their construction: machine-learning models,
thread and process pools, pydantic type adapters, models made with `create_model` or by a `class` statement inside of a
function, settings that read the environment, template environments.

## Why is this bad?

Loading a model takes seconds. A `TypeAdapter` takes 0.24 ms and a pydantic model class 0.73 ms (measured), more than
validating with it; settings read the environment and the `.env` file again; a template environment compiles each
template anew; an executor starts threads or processes for one call and waits for them to end.

## Example

```python
from fastapi import FastAPI
from pydantic import TypeAdapter

app = FastAPI()


@app.post("/total")
async def total(numbers: str) -> int:
    return sum(TypeAdapter(list[int]).validate_json(numbers))
```

## Use instead

```python
from fastapi import FastAPI
from pydantic import TypeAdapter

app = FastAPI()
INTEGERS = TypeAdapter(list[int])


@app.post("/total")
async def total(numbers: str) -> int:
    return sum(INTEGERS.validate_json(numbers))
```

## Fix safety

The fix is unsafe. What is made from constants by a constructor whose result all threads and requests may share, such as
a `TypeAdapter`, is made by a cached function of the module instead: when the first request asks for it, and never
again. There is no fix where the function closes the object, changes it, returns it or hands it to other code, where an
argument is not constant, and for what belongs to an event loop or remembers whom it served, such as clients that keep
cookies.
"""

from __future__ import annotations

from collections.abc import Iterator

from fastapi_lint.api import Creation, LocalModel, Project, Report, Severity

from ._creation import SharingRule, labels, often, report, when

_KINDS = frozenset({"heavy-object", "pool"})


class HeavyObjectPerRequest(SharingRule):
    code = "FAL205"
    name = "heavy-object-per-request"
    severity = Severity.WARNING

    def check(self, project: Project) -> Iterator[Report]:
        for creation in project.creations(_KINDS):
            yield report(project, creation, self._message(project, creation))
        for model in project.local_models():
            spot = project.spot(model.gid, project.index.scope(model.gid).place)
            severity = Severity.INFO if model.from_request else None
            yield Report(spot, self._of_model(project, model), project.way_in(model.way), labels(model), severity)

    def _of_model(self, project: Project, model: LocalModel) -> str:
        name = project.index.scope(model.gid).name
        made = (
            f"the pydantic model `{name}` is defined for each request{often(model)}, and its validator built each "
            "time; "
        )
        if model.from_request:
            coming = "which comes with the request" if len(model.uses) == 1 else "some of which come with the request"
            return made + f"it depends on {_listed(model.uses)}, {coming}: keep one for each, if they are few"
        if not model.uses:
            return made + "define it at module level"
        return made + f"make it once for each {_listed(model.uses)}, in a cached function"

    def _message(self, project: Project, creation: Creation) -> str:
        name = project.creation_name(creation)
        made = f"{name} is built {when(creation)}{often(creation)}, which takes time and memory; "
        if creation.from_request:
            return made + "what it is built from comes with the request: keep one for each, if they are few"
        return made + "build it once, at module level, in a cached function or in the lifespan"


def _listed(names: tuple[str, ...]) -> str:
    """`a`, `b` and `c`."""
    *first, last = [f"`{name}`" for name in names]
    return f"{', '.join(first)} and {last}" if first else last
