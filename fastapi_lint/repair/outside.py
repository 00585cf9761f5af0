"""What does code do outside of the process that others would see half done?

As long as it runs on the event loop, no other request of this process gets in between its steps: a file that is
rewritten in place is never seen empty, what is looked up is still so when it is acted upon, and two programs in one
working tree run one after the other. In threads all of that goes on at the same time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import combinations

from fastapi_lint.facts import NONE, Call, EventKind
from fastapi_lint.project import Project
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.regions import exclude_each_other
from fastapi_lint.project.flow.nodes import Edge
from fastapi_lint.repair.file_acts import Act, FileActs
from fastapi_lint.repair.paths import Anchor, Parameters, Paths, may_be_same
from fastapi_lint.repair.state_use import StateUse
from fastapi_lint.repair.surroundings import Surroundings
from fastapi_lint.repair.threads import Risk

_CHANGING = frozenset({"change", "rewrite", "run"})
_DEEPEST = 12


class Outside:
    """Follows the calls of frames to what they do with files and programs."""

    def __init__(self, project: Project, state: StateUse) -> None:
        self._project = project
        self._index = project.index
        self._state = state
        self._paths = Paths(project)
        self._files = FileActs(project, self._paths)
        self._acts: dict[tuple[Frame, Parameters], tuple[Act, ...]] = {}
        self._risks: dict[tuple[Frame, Parameters], Risk | None] = {}

    def acts(self, frame: Frame, events: Iterable[int]) -> list[Act]:
        """What some events of a coroutine do, each act under the number of its event."""
        wanted = set(events)
        return [act for act in self._of(frame, (), 0) if act.event in wanted]

    def of_events(self, frame: Frame, events: Iterable[int]) -> Risk | None:
        """What speaks against running these events of a coroutine in a thread, beside others that do the same."""
        wanted = set(events)
        found = self._several(frame, [act for act in self.acts(frame, wanted) if not act.guarded])
        return found or self._inside(frame, wanted, (), 0)

    def of_body(self, frame: Frame) -> Risk | None:
        """The same for all of a coroutine."""
        return self.of_events(frame, range(len(self._index.scope(frame.gid).events)))

    # -- acts

    def _of(self, frame: Frame, given: Parameters, depth: int) -> tuple[Act, ...]:
        key = (frame, given)
        known = self._acts.get(key)
        if known is None:
            if depth > _DEEPEST:
                return ()
            self._acts[key] = ()  # a function that calls itself does nothing new
            known = self._acts[key] = tuple(dict.fromkeys(self._found(frame, given, depth)))
        return known

    def _found(self, frame: Frame, given: Parameters, depth: int) -> Iterable[Act]:
        node = self._project.graph.node(frame)
        for call in node.calls:
            happens = call.event != NONE and not call.first_use and not call.off_loop
            act = self._files.of(frame, call, given) if happens else None
            if act is not None:
                yield self._as_guarded(frame, act)
        for edge in node.edges:
            if _is_run(edge):
                for act in self._called(frame, edge, given, depth):
                    inner = Act(edge.event, act.how, act.path, act.renewed, act.guarded)
                    yield self._as_guarded(frame, inner)

    def _called(self, frame: Frame, edge: Edge, given: Parameters, depth: int) -> tuple[Act, ...]:
        """What a callee does, its parameters read where one of them says what it does it to."""
        acts = self._of(edge.callee, (), depth + 1)
        mine = f"{edge.callee.gid}:"
        if not any(kind == "parameter" and value.startswith(mine) for act in acts for kind, value in act.path.parts):
            return acts
        return self._of(edge.callee, self._handed(frame, edge, given), depth + 1)

    def _as_guarded(self, frame: Frame, act: Act) -> Act:
        if act.guarded or act.how == "send":
            return act
        around = Surroundings(self._project, self._state, frame, act.event)
        if around.holds_lock():
            return Act(act.event, act.how, act.path, act.renewed, guarded=True)
        return act

    def _handed(self, frame: Frame, edge: Edge, given: Parameters) -> Parameters:
        scope = self._index.scope(frame.gid)
        event = scope.events[edge.event] if edge.event != NONE else None
        node = scope.exprs[event.expr] if event is not None and event.kind == EventKind.CALL else None
        if not isinstance(node, Call):
            return ()
        callees = self._project.inference.calls.callees(frame, node)
        if not any(callee.frame is not None and callee.frame.gid == edge.callee.gid for callee in callees):
            return ()  # it is handed to what is called
        return self._paths.arguments(frame, node, edge.callee, given)

    # -- what is wrong with them

    def _inside(self, frame: Frame, events: set[int] | None, given: Parameters, depth: int) -> Risk | None:
        """What is wrong within a function that some events of a frame run."""
        if depth > _DEEPEST:
            return None
        for edge in self._project.graph.node(frame).edges:
            if not _is_run(edge) or (events is not None and edge.event not in events):
                continue
            around = Surroundings(self._project, self._state, frame, edge.event) if edge.event != NONE else None
            if around is not None and around.holds_lock():
                continue
            if not self._of(edge.callee, (), 0):
                continue
            handed = self._handed(frame, edge, given)
            key = (edge.callee, handed)
            if key not in self._risks:
                self._risks[key] = None
                acts = [act for act in self._of(edge.callee, handed, 0) if not act.guarded]
                found = self._several(edge.callee, acts)
                self._risks[key] = found or self._inside(edge.callee, None, handed, depth + 1)
            if self._risks[key] is not None:
                return self._risks[key]
        return None

    def _several(self, frame: Frame, acts: Sequence[Act]) -> Risk | None:
        scope = self._index.scope(frame.gid)
        module = self._index.module(frame.gid).path
        shared = [act for act in acts if not act.path.own]
        for act in shared:
            if act.how == "rewrite":
                return Risk("a file is rewritten in place, which others may read or rewrite meanwhile")
            if act.how == "read" and self._is_rewritten(act.path.known_as(module)):
                return Risk("the project rewrites this file in place, which must not happen while it is read")
        for one, other in combinations(shared, 2):
            if one.event != other.event and belong_together(one, other) and not _may_be_done_twice(one, other):
                if not exclude_each_other(scope, scope.events[one.event].region, scope.events[other.event].region):
                    return Risk("several steps with the same files, which others may take at the same time")
        return None

    def may_vanish(self, frame: Frame, one: Act, other: Act) -> bool:
        """Whether two acts look for a file and read it, and the project removes it or puts another one there."""
        if {one.how, other.how} != {"look", "read"} or one.path.own or other.path.own:
            return False
        module = self._index.module(frame.gid).path
        return one.path.may_be_below(other.path) and _is_among(other.path.known_as(module), self._known["change"])

    def _is_rewritten(self, parts: tuple[Anchor, ...]) -> bool:
        """Whether the project rewrites a file of this name in place."""
        return _is_among(parts, self._known["rewrite"])

    @cached_property
    def _known(self) -> dict[str, frozenset[tuple[Anchor, ...]]]:
        """The files that any function rewrites in place, and those it changes in one step, as far as they are known."""
        found: dict[str, set[tuple[Anchor, ...]]] = {"rewrite": set(), "change": set()}
        for gid in range(self._index.count):
            if self._index.scope(gid).kind == "function":
                module = self._index.module(gid).path
                for act in self._of(self._project.inference.plain_frame(gid), (), 0):
                    if act.how in found and not act.path.own:
                        found[act.how].add(act.path.known_as(module))
        return {how: frozenset(names - {()}) for how, names in found.items()}


def _is_among(parts: tuple[Anchor, ...], known: frozenset[tuple[Anchor, ...]]) -> bool:
    return parts in known or (bool(parts) and any(may_be_same(parts, other) for other in known))


def _is_run(edge: Edge) -> bool:
    """Whether a call runs its callee there and then, and not the first time only."""
    return edge.mode == "runs" and not edge.first_use and not edge.off_loop


def belong_together(one: Act, other: Act) -> bool:
    """Whether two acts are steps with the same thing, of which at least one changes it."""
    if one.path.own or other.path.own:
        return False
    if "run" in (one.how, other.how):
        return {one.how, other.how} <= _CHANGING
    if not {one.how, other.how} & {"change", "rewrite"} or "send" in (one.how, other.how):
        return False
    return one.path.may_be_below(other.path)


def _may_be_done_twice(one: Act, other: Act) -> bool:
    """Whether a file is looked for and, if it is missing, put there as a whole: who comes second does it again."""
    return (one.renewed or other.renewed) and bool({one.how, other.how} & {"look", "read"})
