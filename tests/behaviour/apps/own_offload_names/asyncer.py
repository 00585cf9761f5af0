"""Counts calls."""

from journal import note


def asyncify(function):
    note("counted", function.__name__)
    return function
