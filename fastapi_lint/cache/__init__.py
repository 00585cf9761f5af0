"""What earlier runs found out, kept in a folder of the project: facts of files, whole analyses, and their fixes.

Nothing in it can execute, everything in it can be deleted at any time.
"""

from __future__ import annotations

from fastapi_lint.cache.analyses import Analyses
from fastapi_lint.cache.catalogue import CatalogueCache
from fastapi_lint.cache.contents import Contents, digest
from fastapi_lint.cache.database import FOLDER, Database
from fastapi_lint.cache.facts import FactsCache, shape
from fastapi_lint.cache.fixes import FixesCache, KeptFixes

__all__ = [
    "FOLDER",
    "Analyses",
    "CatalogueCache",
    "Contents",
    "Database",
    "FactsCache",
    "FixesCache",
    "KeptFixes",
    "digest",
    "shape",
]
