"""Has a branch asked what kind of function it calls, and which functions are then not called there?

`if inspect.iscoroutinefunction(self.fn): await self.fn()`, and the same where the constructor has asked and kept the
answer: `self.is_async = iscoroutinefunction(fn) or isasyncgenfunction(fn)`. A method that an object hands out only in
such a branch (`self._stream if self.is_generator else self._submit`) calls, and iterates, no other kind either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property, partial
from typing import TYPE_CHECKING

from fastapi_lint.facts import NONE, Attr, Await, Call, Choice, Expr, Narrow, Phi, Region, Scope, Use
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.logic import truth
from fastapi_lint.project.code.regions import branches
from fastapi_lint.project.code.spelling import is_receiver, same
from fastapi_lint.project.flow.method_mentions import Mention, method_mentions
from fastapi_lint.project.types.values import ExternalV, GeneratorV, InstanceV

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_KINDS = {
    "inspect.iscoroutinefunction": (True, False),
    "asyncio.iscoroutinefunction": (True, False),
    "inspect.isasyncgenfunction": (True, True),
    "inspect.isgeneratorfunction": (False, True),
}
"""Whether the function that is asked for is `async`, and whether it is a generator."""
_OBJECTS = frozenset({"__init__", "__call__"})
"""What runs where a class or an object is called: neither is a function of any kind."""


class FunctionKinds:
    """Asked for the calls of one frame."""

    def __init__(self, inference: Inference, frame: Frame) -> None:
        self._inference = inference
        self._frame = frame
        self._scope = frame.scope

    def exclude(self, func: int, region: int, called: Scope) -> bool:
        """Whether the branches around are for other kinds of functions than `called`, which `func` may hold."""
        held = self._scope.exprs[func]
        if called.decorators or not self._is_held(held, called):
            return False
        simple = partial(self._is_of_kind, func, called)
        if any(_fails(self._scope, branch, simple) for branch in branches(self._scope, region)):
            return True
        return (
            isinstance(held, Attr)
            and bool(self._mentions)
            and all(self._is_for_others(mention, held.name, called) for mention in self._mentions)
        )

    def exclude_iterated(self, expr: int, region: int, value: GeneratorV, called: Scope) -> bool:
        """Whether the same holds of what made the generator that is iterated, here or in a thread: `run(self.fn)`."""
        makers = list(self._makers(expr, value))
        return bool(makers) and all(self._is_made_by_others(maker, region, value, called) for maker in makers)

    def _is_made_by_others(self, maker: int, region: int, value: GeneratorV, called: Scope) -> bool:
        node = self._scope.exprs[maker]
        given = (node.func, *node.args) if isinstance(node, Call) else ()
        holding = [one for one in given if value.function in self._inference.type(self._frame, one)]
        return bool(holding) and all(self.exclude(one, region, called) for one in holding)

    def _makers(self, expr: int, value: GeneratorV) -> Iterator[int]:
        """The expressions, behind names and `await`, that may have given a generator."""
        todo, seen = [expr], set[int]()
        while todo:
            number = todo.pop()
            node = self._scope.exprs[number]
            if number in seen:
                continue
            seen.add(number)
            if isinstance(node, (Use, Phi)):
                todo += [self._scope.defs[definition].value for definition in node.defs]
            elif isinstance(node, Choice):
                todo += node.items
            elif isinstance(node, Narrow):
                todo.append(node.value)
            elif value in self._inference.type(self._frame, number):
                yield node.value if isinstance(node, Await) else number

    @cached_property
    def _mentions(self) -> tuple[Mention, ...]:
        """Where the object names the method, if anything asks for kinds of functions at all."""
        asks = self._inference.index.reading(name.rpartition(".")[2] for name in _KINDS)
        return method_mentions(self._inference, self._frame) if asks else ()

    def _is_for_others(self, mention: Mention, held: str, called: Scope) -> bool:
        """Whether a method is named in a branch for other kinds of what the object keeps under `held`."""
        scope = self._inference.index.scope(mention.gid)
        simple = partial(self._is_of_kept_kind, mention.gid, held, called)
        return any(_fails(scope, branch, simple) for branch in mention.around)

    def _is_of_kept_kind(self, gid: int, held: str, called: Scope, test: int) -> bool | None:
        node = self._inference.index.scope(gid).exprs[test]
        if isinstance(node, Attr) and self._inference.index.is_receiver(gid, node.base):
            return self._kept(node.name, held, called)
        return self._was_asked(gid, held, [], called, test)

    def _is_held(self, func: Expr, called: Scope) -> bool:
        if isinstance(func, Attr):
            return is_receiver(self._scope, func.base) and func.name != called.name
        return isinstance(func, Use)

    def _is_of_kind(self, func: int, called: Scope, test: int) -> bool | None:
        """What a simple test says of the function that is called, if it asks for its kind."""
        node = self._scope.exprs[test]
        if isinstance(node, Call):
            asked = node.args[0] if len(node.args) == 1 else NONE
            return self._answer(self._frame, node, called) if asked != NONE and same(self._scope, asked, func) else None
        held = self._scope.exprs[func]
        if isinstance(node, Attr) and isinstance(held, Attr) and is_receiver(self._scope, node.base):
            return self._kept(node.name, held.name, called)
        return None

    def _kept(self, name: str, held: str, called: Scope) -> bool | None:
        """What the constructor has kept under `name` of the kind of the function that it keeps under `held`."""
        receiver = self._frame.receiver
        sites = self._inference.classes.stored(receiver.gid, name) if isinstance(receiver, InstanceV) else []
        if not isinstance(receiver, InstanceV) or len(sites) != 1:
            return None
        site = sites[0]
        scope = self._inference.index.scope(site.gid)
        if scope.name != "__init__" or self._inference.classes.stored_outside(InstanceV(receiver.gid), name):
            return None
        given = [one.expr for one in self._inference.classes.stored(receiver.gid, held) if one.gid == site.gid]
        return truth(scope, site.expr, partial(self._was_asked, site.gid, held, given, called))

    def _was_asked(self, gid: int, held: str, given: list[int], called: Scope, test: int) -> bool | None:
        """What a test says of the function if it asks for the kind of what the object keeps, or is given for that."""
        scope = self._inference.index.scope(gid)
        node = scope.exprs[test]
        if not isinstance(node, Call) or len(node.args) != 1:
            return None
        asked = scope.exprs[node.args[0]]
        is_it = isinstance(asked, Attr) and asked.name == held and is_receiver(scope, asked.base)
        if not is_it and not any(same(scope, node.args[0], one) for one in given):
            return None
        return self._answer(self._inference.plain_frame(gid), node, called)

    def _answer(self, frame: Frame, node: Call, called: Scope) -> bool | None:
        for value in self._inference.type(frame, node.func):
            kind = _KINDS.get(value.name) if isinstance(value, ExternalV) else None
            if kind is not None:
                return called.name not in _OBJECTS and (called.is_async, called.is_generator) == kind
        return None


def _fails(scope: Scope, branch: Region, simple: Callable[[int], bool | None]) -> bool:
    """Whether the condition of a branch is known not to hold."""
    told = truth(scope, branch.expr, simple)
    return told is not None and told is not (branch.kind == "if")
