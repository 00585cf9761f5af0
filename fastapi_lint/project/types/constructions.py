"""What are constructors given: by the call that makes an object, and from there those of its base classes?

`Store("x")` runs `Store.__init__`, and that runs `super().__init__(config)`: nothing is passed for the other parameters
of the base, whoever makes a `Store`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi_lint.facts import Attr, Call
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.index import Index
from fastapi_lint.project.types.values import InstanceV, LiteralV, MethodV, PresentV, Type

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

Given = tuple[tuple[int, int, Type], ...]
"""What parameters of constructors hold, as in a frame: (constructor, number, type)."""

_MOST_BASES = 6


class Constructions:
    """Answers for frames of constructors and for classes, kept."""

    def __init__(self, index: Index, inference: Inference) -> None:
        self._index = index
        self._inference = inference
        self._calls: dict[int, tuple[int, ...]] = {}
        self._inherited: dict[tuple[int, int], Given] = {}

    def keeps(self, gid: int) -> bool:
        """Whether an object keeps anything of what its constructor is given, as far as that may be known."""
        return bool(self._inference.asked.kept_parameters(gid)) or bool(self._calls_of_bases(gid))

    def given(self, init: Frame, hops: int = 0) -> Given:
        """What a constructor was given for the parameters that the object keeps, and gives those of its bases."""
        kept = self._inference.asked.kept_parameters(init.gid)
        own = tuple(one for one in init.bound if one[0] == init.gid and one[1] in kept)
        return own if hops > _MOST_BASES else (*own, *self._handed_up(init, hops))

    def inherited(self, gid: int, init: int) -> Given:
        """The constants that each constructor of a class and of those below it gives to `init`, one of a base."""
        key = (gid, init)
        known = self._inherited.get(key)
        if known is None:
            self._inherited[key] = ()  # what depends on itself is not known
            found, is_settled = self._inference.apart(lambda: self._common(gid, init))
            del self._inherited[key]
            if is_settled:
                self._inherited[key] = found
            return found
        return known

    def _common(self, gid: int, init: int) -> Given:
        classes = self._inference.classes
        found: Given | None = None
        for owner in (gid, *classes.subclasses(gid)):
            first = classes.find_method(owner, "__init__")
            if first is None or first.gid == init:
                return ()  # made by it directly: anything may be passed
            given = self.given(self._index.frame(first.gid, InstanceV(owner)))
            constants = tuple(one for one in given if one[0] == init and isinstance(one[2][0], (LiteralV, PresentV)))
            found = constants if found is None else tuple(one for one in found if one in constants)
        return found or ()

    def _handed_up(self, init: Frame, hops: int) -> Given:
        found: dict[int, Given] = {}
        for number in self._calls_of_bases(init.gid):
            node = init.scope.exprs[number]
            called = self._inference.type(init, node.func) if isinstance(node, Call) else ()
            if isinstance(node, Call) and len(called) == 1 and isinstance(called[0], MethodV):
                target = self._inference.binding.frame_for(called[0], init, node)
                given = self.given(target, hops + 1)
                before = found.get(target.gid, given)
                found[target.gid] = tuple(one for one in before if one in given)
        return tuple(one for given in found.values() for one in given)

    def _calls_of_bases(self, gid: int) -> tuple[int, ...]:
        """The calls of `x.__init__` in a constructor."""
        known = self._calls.get(gid)
        if known is None:
            exprs = self._index.scope(gid).exprs
            known = self._calls[gid] = tuple(
                number
                for number, node in enumerate(exprs)
                if isinstance(node, Call) and isinstance(func := exprs[node.func], Attr) and func.name == "__init__"
            )
        return known
