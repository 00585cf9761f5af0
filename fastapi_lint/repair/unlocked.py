"""Does a function count on being the only one that runs, where a lock would be needed between threads?"""

from __future__ import annotations

from fastapi_lint.facts import NONE, Call, Map
from fastapi_lint.project import Project
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.types.values import ExternalV
from fastapi_lint.repair.state_use import StateUse
from fastapi_lint.repair.surroundings import Surroundings

_CACHES = frozenset({"cachetools.cached", "cachetools.cachedmethod"})
_LOCK_POSITION = 2


class Unlocked:
    """Looks at a function's decorators and at the variables of its module that it sets."""

    def __init__(self, project: Project, state: StateUse) -> None:
        self._project = project
        self._index = project.index
        self._inference = project.inference
        self._state = state

    def is_cached(self, frame: Frame) -> bool:
        """Whether results are kept by cachetools without `lock`; a plain dict as the cache is fine.

        Its "cache classes are not thread-safe by default" (https://cachetools.readthedocs.io/).
        """
        outer = self._inference.plain_frame(self._index.parent(frame.gid))
        scope = self._index.scope(outer.gid)
        for decorator in self._index.scope(frame.gid).decorators:
            node = scope.exprs[decorator]
            kinds = self._inference.type(outer, node.func) if isinstance(node, Call) else ()
            if not isinstance(node, Call) or not any(
                isinstance(kind, ExternalV) and kind.name in _CACHES for kind in kinds
            ):
                continue
            has_lock = len(node.args) > _LOCK_POSITION or any(name == "lock" for name, _ in node.keywords)
            kept = (
                node.args[0] if node.args else next((value for name, value in node.keywords if name == "cache"), NONE)
            )
            if not has_lock and (kept == NONE or not isinstance(scope.exprs[kept], Map)):
                return True
        return False

    def sets_together(self, frame: Frame) -> bool:
        """Whether several variables of a module are read and set under no lock: half of what is seen may be old."""
        looked_at: set[str] = set()
        rebound: set[str] = set()
        module = self._index.module(frame.gid).base
        for touch in self._state.touches(frame):
            sites = self._index.rebinds.get((module, touch.key[1]), ()) if touch.key[0] == "name" else ()
            if sites and touch.how in ("read", "replace"):
                names = looked_at if touch.how == "read" else rebound
                if touch.how == "read" or not Surroundings(self._project, self._state, frame, touch.event).holds_lock():
                    names.add(touch.key[1])
        return len(rebound) > 1 and len(rebound & looked_at) > 1
