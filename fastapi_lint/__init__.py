"""Static analysis of FastAPI performance anti-patterns."""

__version__ = "0.1.0"
