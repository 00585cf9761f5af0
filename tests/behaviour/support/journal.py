"""The effects of an app, in the order in which they happened; apps say `from journal import note`."""

entries: list[str] = []


def note(*parts: object) -> None:
    """Append one entry; safe in any thread, takes no time and never waits."""
    entries.append(" ".join(map(str, parts)))
