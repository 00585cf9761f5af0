"""What all tests share: the catalogue is read once."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from fastapi_lint import analysis
from fastapi_lint.catalogue import Catalogue, Library, load_catalogue

# Fixtures are material for the linter; some of them are test suites themselves.
collect_ignore = ["fixtures"]


@pytest.fixture(scope="session", autouse=True)
def catalogue_read_once() -> Iterable[None]:
    """Reading and validating the data files costs more than linting a small case does."""
    built_in = load_catalogue()

    def load(extra: tuple[Library, ...] = (), _kept: object = None) -> Catalogue:
        return load_catalogue(extra) if extra else built_in

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(analysis, "load_catalogue", load)
        yield
