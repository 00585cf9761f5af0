"""Which branches of a function do the tests around its calls exclude?

`if provider in QUEUED: return` stands before `ensure(provider)`, and `ensure` does something for `provider in QUEUED`
only; `if agent.learning is not None: prepare(agent)`, and `prepare` asks whether `agent.learning is None`. And
`update({"title": title})` stands there, and `update` asks for `"owner" in values`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import takewhile
from typing import TYPE_CHECKING

from fastapi_lint.facts import NONE, Attr, Bin, Call, Event, EventKind, Expr, Lit, Narrow, Param, Scope, Use
from fastapi_lint.project.code.call_arguments import argument_at
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.logic import implied, simple_tests, truth
from fastapi_lint.project.code.questions import Question, answer, literal, question
from fastapi_lint.project.code.regions import around, stands_in, within
from fastapi_lint.project.code.spelling import same
from fastapi_lint.project.flow.known_keys import lacks, may_fill
from fastapi_lint.project.flow.nodes import Edge

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

Path = tuple[str, ...]
Fact = tuple[Path, Question, bool]
"""A question for `x.a.b`, by its path behind what is handed over, that is known to hold, or not to."""


class CallerTests:
    """Answers for functions with all their calls."""

    def __init__(self, inference: Inference) -> None:
        self._index = inference.index
        self._inference = inference

    def exclude(self, frame: Frame, region: int, calls: list[tuple[Frame, Edge]]) -> bool:
        """Whether no call gets to a region of a function, for what each caller has asked of what it hands over."""
        wanted = self._wanted(frame, region)
        return bool(calls) and all(any(self._fails(frame, number, *call) for number in wanted) for call in calls)

    def asks(self, frame: Frame, region: int) -> bool:
        """Whether a condition around a region asks for what callers pass."""
        return bool(self._wanted(frame, region))

    def _wanted(self, frame: Frame, region: int) -> list[int]:
        scope = frame.scope
        return [n for n in around(scope, region) if is_branch(scope, n) and _parameters(scope, scope.regions[n].expr)]

    def _fails(self, frame: Frame, region: int, caller: Frame, edge: Edge) -> bool:
        """Whether the condition of a branch is known not to hold (or to hold, if it must not) where a call comes in."""
        test, holds = frame.scope.regions[region].expr, frame.scope.regions[region].kind == "if"
        event = caller.scope.events[edge.event] if 0 <= edge.event < len(caller.scope.events) else None
        node = caller.scope.exprs[event.expr] if event is not None and event.kind == EventKind.CALL else None
        if event is None or not isinstance(node, Call):
            return False
        given = {
            number: given_for(self._inference, frame, caller, node, number) for number in _parameters(frame.scope, test)
        }
        facts = {number: _known(caller.scope, edge.event, one) if one != NONE else [] for number, one in given.items()}
        earlier = list(takewhile(lambda one: not within(frame.scope, one.region, (region,)), frame.scope.events))
        names = {one.name for one in earlier if one.kind == EventKind.STORE_ATTR}
        for number, known in facts.items():
            is_quiet = not any(may_change(frame.scope, one, number) for one in earlier)
            facts[number] = [fact for fact in known if not fact[0] or (is_quiet and not names & {*fact[0]})]

        def lacks_key(number: int, key: str) -> bool:
            return self._lacks(caller, edge.event, given[number], key) and not any(
                may_fill(self._inference, frame, one, lambda expr: path_of(frame.scope, expr) == (number, ()))
                for one in earlier
            )

        decided = truth(frame.scope, test, lambda part: _told(frame.scope, part, facts, lacks_key))
        return decided is not None and decided is not holds

    def _lacks(self, caller: Frame, call: int, given: int, key: str) -> bool:
        """Whether a dictionary that is passed, and that nothing has changed until then, has no such key."""
        events = caller.scope.events
        others = (*events[:call], *events[call + 1 :]) if stands_in(caller.scope, events[call].region, "loop") else ()
        if given == NONE or not lacks(self._inference, caller, given, key):
            return False
        return not any(
            may_fill(self._inference, caller, one, lambda expr: same(caller.scope, expr, given))
            for one in others or events[:call]
        )


def given_for(inference: Inference, frame: Frame, caller: Frame, node: Call, number: int) -> int:
    """The expression that a call gives for a parameter of the function called, or for the receiver."""
    func, parameter = caller.scope.exprs[node.func], frame.scope.params[number]
    if inference.index.class_of(frame.gid) == NONE:
        return argument_at(caller.scope, node, number, parameter.name, parameter.kind)
    if not isinstance(func, Attr) or inference.decorators.method_kind(frame.gid) != "instance":
        return NONE  # a constructor makes its object, and no object calls a static method
    if number == 0:
        return func.base
    return argument_at(caller.scope, node, number - 1, parameter.name, parameter.kind)


def _known(scope: Scope, call: int, given: int) -> list[Fact]:
    """What the branches around a call say of what it hands over: of attributes, if nothing may have set them since."""
    found: list[Fact] = []
    for number in around(scope, scope.events[call].region):
        region = scope.regions[number]
        if not is_branch(scope, number):
            continue
        noted = list(_note(scope, region.expr, region.kind == "if", given))
        if not any(path for path, _, _ in noted):
            found += noted
            continue
        since = [event for event in scope.events[:call] if within(scope, event.region, (number,))]
        names = {event.name for event in since if event.kind == EventKind.STORE_ATTR}
        is_quiet = not any(event.pauses or hands_over(scope, event, given) for event in since)
        found += (fact for fact in noted if not fact[0] or (is_quiet and not names & {*fact[0]}))
    return found


def is_branch(scope: Scope, region: int) -> bool:
    """Whether a region is the branch of a condition."""
    return scope.regions[region].kind in ("if", "else") and scope.regions[region].expr != NONE


def _handed(scope: Scope, event: Event) -> list[int]:
    """The objects that other code gets at by a call."""
    node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
    if not isinstance(node, Call):
        return []
    func = scope.exprs[node.func]
    return [*node.args, *(value for _, value in node.keywords), *([func.base] if isinstance(func, Attr) else [])]


def hands_over(scope: Scope, event: Event, given: int) -> bool:
    """Whether other code may get at an object by an event."""
    return any(same(scope, one, given) for one in _handed(scope, event))


def may_change(scope: Scope, event: Event, number: int) -> bool:
    """Whether other code may get at a parameter's object: while this waits, or because it is handed over."""
    return event.pauses or any(path_of(scope, one) == (number, ()) for one in _handed(scope, event))


def _parameters(scope: Scope, test: int) -> set[int]:
    return {path[0] for expr in _tested(scope, test) if (path := path_of(scope, expr)) is not None}


def _tested(scope: Scope, test: int) -> Iterator[int]:
    """The expressions that a condition asks for."""
    for part in simple_tests(scope, test):
        node = scope.exprs[part]
        if isinstance(node, Bin):
            yield node.right if _key(scope, part) is not None else node.left
        else:
            yield part


def _key(scope: Scope, test: int) -> str | None:
    """The text that a test looks for in something: `"owner" in values`."""
    node = scope.exprs[test]
    left = scope.exprs[node.left] if isinstance(node, Bin) and node.op in ("among", "not among") else None
    return left.value if isinstance(left, Lit) and isinstance(left.value, str) else None


def path_of(scope: Scope, expr: int) -> tuple[int, Path] | None:
    """The parameter that a dotted name starts with, and the attributes behind it."""
    names: list[str] = []
    node = scope.exprs[expr]
    while isinstance(node, Attr):
        names.append(node.name)
        node = scope.exprs[node.base]
    origin = _origin(scope, node) if isinstance(node, Use) else node
    return (origin.index, tuple(reversed(names))) if isinstance(origin, Param) else None


def _origin(scope: Scope, name: Use) -> Expr | None:
    """The one thing that a local name stands for, whatever kinds its branches have found that to be."""
    found: set[int] = set()
    seen = set(name.defs)
    waiting = list(seen)
    while waiting:
        value = scope.defs[waiting.pop()].value
        node = scope.exprs[value]
        if isinstance(node, Narrow):
            value = node.value
            node = scope.exprs[value]
        if isinstance(node, Use):
            waiting += (number for number in node.defs if number not in seen)
            seen.update(node.defs)
        else:
            found.add(value)
    return scope.exprs[found.pop()] if len(found) == 1 else None


def _note(scope: Scope, test: int, holds: bool, given: int) -> Iterator[Fact]:
    """What a condition that holds, or does not, says of what is handed over."""
    for part, is_true in implied(scope, test, holds):
        asked = question(scope, part, lambda expr: literal(scope, expr))
        path = behind(scope, asked.of, given) if asked is not None else None
        if asked is not None and path is not None:
            yield path, asked, is_true


def behind(scope: Scope, expr: int, given: int) -> Path | None:
    """The attributes that lead from what is handed over to an expression."""
    names: list[str] = []
    while not same(scope, expr, given):
        node = scope.exprs[expr]
        if not isinstance(node, Attr):
            return None
        names.append(node.name)
        expr = node.base
    return tuple(reversed(names))


def _told(scope: Scope, test: int, facts: dict[int, list[Fact]], lacks_key: Callable[[int, str], bool]) -> bool | None:
    """What a simple test is for what is known."""
    node, key = scope.exprs[test], _key(scope, test)
    if isinstance(node, Bin) and key is not None:
        holder = path_of(scope, node.right)
        is_lacking = holder is not None and not holder[1] and lacks_key(holder[0], key)
        return node.op == "not among" if is_lacking else None
    asked = question(scope, test, lambda expr: literal(scope, expr))
    path = path_of(scope, asked.of) if asked is not None else None
    if asked is None or path is None:
        return None
    answers = (answer(known, holds, asked) for at, known, holds in facts.get(path[0], ()) if at == path[1])
    return next((one for one in answers if one is not None), None)
