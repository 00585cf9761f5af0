from .clock import nap, helper

__all__ = ["nap"]
