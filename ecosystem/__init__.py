"""Runs the linter over pinned, real FastAPI projects and shows what a change adds or removes."""
