"""`python -m fastapi_lint`."""

from __future__ import annotations

from fastapi_lint.cli import main

if __name__ == "__main__":
    main()
