from journal import note


def load(kind: str) -> str:
    if kind == "heavy":
        from heavy import Loader

        return Loader(kind).run()
    note("light")
    return kind
