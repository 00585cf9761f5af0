"""`python -m ecosystem`."""

from __future__ import annotations

import sys

from ecosystem.cli import main

if __name__ == "__main__":
    sys.exit(main())
