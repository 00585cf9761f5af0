"""The one error that the command line turns into a message and an exit code."""

from __future__ import annotations


class EcosystemError(Exception):
    """Something the person at the keyboard can repair: the text says what and how."""
