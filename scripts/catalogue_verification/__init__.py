"""Proves the names of the catalogue against the packages themselves, by reading their source: nothing is imported."""
