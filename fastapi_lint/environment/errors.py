"""What goes wrong when packages are to be followed."""

from __future__ import annotations


class FollowError(Exception):
    """No environment, or a package that it does not hold; the text names what was tried."""
