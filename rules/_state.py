"""The family FAL3xx as far as it is about who changes what requests share."""

from __future__ import annotations

from fastapi_lint.api import EntryPointLabel, Mutation, Project, Race, Report, Severity, is_conditional


def report(project: Project, mutation: Mutation | Race, message: str, severity: Severity | None = None) -> Report:
    """The statement that changes something, with the shortest way in, and with a word on other workers."""
    if project.workers is not None and not (isinstance(mutation, Mutation) and mutation.alone):
        message += f" ({project.workers}: each has its own copy)"
    spot = project.spot(mutation.frame.gid, mutation.place)
    labels = [EntryPointLabel(a.entry.kind, a.entry.label) for a in mutation.way if a.entry is not None]
    stage = "conditional" if is_conditional(mutation.way) else ""
    return Report(spot, message, project.way_in(mutation.way), tuple(labels), severity, stage)


def mild_message(mutation: Mutation) -> str | None:
    """What to say of what is worth knowing only: what the first request sets, times, counts; None of anything else."""
    if mutation.timed and mutation.alone:
        return f"`{mutation.name}` ({mutation.where}) is a time that all requests share"
    if mutation.timed:
        return f"`{mutation.name}` ({mutation.where}) is a time that each worker process keeps for itself"
    if mutation.counts:
        return f"`{mutation.name}` ({mutation.where}) is told to no request, and each worker process has its own"
    if mutation.measures:
        return f"`{mutation.name}` ({mutation.where}) measures requests, and each worker process measures its own only"
    if mutation.ongoing:
        return f"`{mutation.name}` ({mutation.where}) says what goes on right now in this process, not in other workers"
    if mutation.rounds:
        return f"`{mutation.name}` ({mutation.where}) only counts up to what each worker process does again by itself"
    if mutation.ends:
        return (
            f"`{mutation.name}` ({mutation.where}) keeps what streams of this process read from; "
            "what other workers send reaches them through a broker only"
        )
    if mutation.reads:
        return f"`{mutation.name}` ({mutation.where}) is what each worker process reads for itself, the same for all"
    if not mutation.lazy or mutation.personal:
        return None
    if mutation.notes:
        done = "set back to None" if mutation.clears else "set"
        return (
            f"`{mutation.name}` ({mutation.where}) is {done} by the first request that gets here, once for each process"
        )
    if mutation.tried:
        return f"`{mutation.name}` ({mutation.where}) is made by a request where start-up, which comes by here, has not"
    return f"`{mutation.name}` ({mutation.where}) is made by the first request that needs it; make it in the lifespan"


def advice(mutation: Mutation, verb: str) -> str:
    """What to say of what hurts; `verb` is what the statement does to the state."""
    if mutation.personal:
        return (
            f"`{mutation.name}` ({mutation.where}) is made of what one request brings, and kept for all; "
            "make it for each request, or keep one for each such value"
        )
    if mutation.alone:
        return (
            f"`{mutation.name}` is shared by all requests ({mutation.where}) and {verb} here; one process serves them, "
            "so keep it in the request, or lock it where threads use it, too"
        )
    return (
        f"`{mutation.name}` is shared by all requests ({mutation.where}) and {verb} here; "
        "keep it in the request, or in a store that all workers share"
    )
