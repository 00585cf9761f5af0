"""The bundled example: the slow shop reports what its comments say, the fast one nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from fastapi_lint.config import load_settings
from fastapi_lint.engine import CheckRequest, check
from fastapi_lint.testing import expectations, reported

SHOP = Path(__file__).parent.parent / "examples" / "shop"


@pytest.mark.parametrize("name", ["slow", "fast"])
def test_the_shop_reports_what_it_says(name: str) -> None:
    case = SHOP / name
    settings = load_settings([case], case, isolated=True, overrides={"cache": False})
    result = check(CheckRequest((case,), settings, SHOP))
    assert result.internal_errors == ()
    assert reported(case, result.diagnostics) == expectations(case)


def test_the_slow_shop_is_slow() -> None:
    assert len(expectations(SHOP / "slow")) >= 15
    assert not expectations(SHOP / "fast")
