"""Which constant does a call pass for a parameter that branches test, or leave to its default?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi_lint.facts import NONE, Call, Lit, Param, Seq, Use
from fastapi_lint.project.code.call_arguments import has_star
from fastapi_lint.project.code.decidable import NOTHING
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.index import Index
from fastapi_lint.project.code.retries import retry_counts
from fastapi_lint.project.flow.guards import Guards
from fastapi_lint.project.flow.reaching import Reaching
from fastapi_lint.project.types.built_names import names_in
from fastapi_lint.project.types.constants import PRESENT, Constant, Constants, common
from fastapi_lint.project.types.promises import is_filled_for_some, is_made_where_missing, is_promised
from fastapi_lint.project.types.values import ExtInstanceV, LiteralV, PresentV

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference


EMPTY = LiteralV("")
"""What tests and loops take for what a parameter holds that is given nothing: `*args`, `names=()`."""
NO_RETRY = LiteralV(False)
"""What is known of a number of retries that is left at 0: most tests take it for False, which equals it."""


class ArgumentConstants:
    """Asked once for each call and parameter; what defaults and dictionaries say is kept."""

    def __init__(self, index: Index, inference: Inference) -> None:
        self._index = index
        self._inference = inference
        self._guards = Guards(index)
        self._built: dict[tuple[int, int], frozenset[str] | None] = {}
        self._defaults: dict[tuple[int, int], Constant | None] = {}

    def passed(
        self, caller: Frame, node: Call, target: Frame, number: int, given: int, spread: Call
    ) -> Constant | None:
        """The constant that the call passes, or leaves to the default, for a parameter that branches test."""
        if given == NONE:
            if any(key == "**" for key, _ in spread.keywords):
                name = self._index.scope(target.gid).params[number].name
                text = self._guards.item(caller.gid, node, name)
                if text is None and self._leaves_out(caller, node, name):
                    return self._default(target, number)
                return None if text is None else self._told_apart(target.gid, number, LiteralV(text))
            return None if has_star(caller.scope, node) else self._default(target, number)
        known: Constant | None = None
        if self._inference.decidable.level(caller.gid, given) != NOTHING:
            known = Constants(self._inference, caller).of(given)
        if known is None and (
            self._is_present(caller, node, given)
            or self._is_declared_present(caller, given, target, number)
            or self._is_left_present(caller, node, given)
            or self._is_made_as_declared(caller, given, target, number)
        ):
            known = PRESENT
        if isinstance(known, PresentV):
            known = PresentV(self._inference.asked.scheme(known.prefix))
            annotation = self._index.scope(target.gid).params[number].annotation
            if not known.prefix and self._inference.annotations.is_plain(
                self._inference.binding.outer(target), annotation
            ):
                return None
        return self._told_apart(target.gid, number, known)

    def _leaves_out(self, caller: Frame, node: Call, name: str) -> bool:
        """Whether no `**options` of a call gives a name, nor a `*` anything."""
        if has_star(caller.scope, node):
            return False
        constants = Constants(self._inference, caller)
        spread = [value for key, value in node.keywords if key == "**"]
        given = [self._names_in(caller, value) for value in spread if constants.holds_keyword(value, name) is not False]
        return all(names is not None and name not in names for names in given)

    def _names_in(self, frame: Frame, expr: int) -> frozenset[str] | None:
        key = (frame.gid, expr)
        if key not in self._built:
            self._built[key] = None  # what is built by calling itself is not known
            self._built[key], is_settled = self._inference.apart(lambda: names_in(self._inference, frame, expr))
            if not is_settled:
                return self._built.pop(key)
        return self._built[key]

    def _is_present(self, caller: Frame, node: Call, given: int) -> bool:
        """Whether an argument is known not to be None: by the branches around the call, or by where it comes from."""
        return (
            self._guards.is_present(caller.gid, node, given)
            or is_promised(self._inference, caller, given)
            or is_filled_for_some(self._inference, caller, node, given)
        )

    def _is_left_present(self, caller: Frame, node: Call, given: int) -> bool:
        """Whether an argument is None only where the branches around the call exclude that the call is made."""
        name = caller.scope.exprs[given]
        if not isinstance(name, Use) or len(name.defs) < 2:
            return False
        left = Reaching(self._inference, caller, self._guards.region(caller.gid, node)).values(name)
        if len(left) == len(name.defs):
            return False
        constants = Constants(self._inference, caller)
        known = [
            constants.of(value) or (PRESENT if is_promised(self._inference, caller, value) else None) for value in left
        ]
        return common(known) not in (None, LiteralV(None))

    def _is_declared_present(self, caller: Frame, given: int, target: Frame, number: int) -> bool:
        """Whether a parameter that names one class is handed on to where it may be left out: `client: Client`."""
        if not self._is_none(target.gid, self._index.scope(target.gid).params[number].default):
            return False
        scope = self._index.scope(caller.gid)
        node = scope.exprs[given]
        made = scope.exprs[scope.defs[node.defs[0]].value] if isinstance(node, Use) and len(node.defs) == 1 else None
        if not isinstance(made, Param) or scope.params[made.index].default != NONE:
            return False
        annotation = scope.params[made.index].annotation
        return annotation != NONE and self._inference.annotations.is_class(
            self._inference.binding.outer(caller), annotation
        )

    def _is_made_as_declared(self, caller: Frame, given: int, target: Frame, number: int) -> bool:
        """Whether an argument is made, where it is missing, by the class that is declared: `model: Model | None`."""
        declared = self._inference.binding.declared(target.gid, number)
        is_named = bool(declared) and all(
            isinstance(kind, ExtInstanceV) and not kind.name.startswith("builtins.") for kind in declared
        )
        return is_named and is_made_where_missing(self._inference, caller, given, declared)

    def _is_none(self, gid: int, default: int) -> bool:
        """Whether a default, an expression of the scope around the function, is None."""
        return default != NONE and self._index.scope(self._index.parent(gid)).exprs[default] == Lit(None)

    def _told_apart(self, gid: int, number: int, known: Constant | None) -> Constant | None:
        """A constant as the function's tests see it: most strings pass none of them."""
        if isinstance(known, LiteralV) and isinstance(known.value, str) and known.of == NONE:
            return self._inference.asked.string_class(gid, number, known.value)
        return known

    def _default(self, target: Frame, number: int) -> Constant | None:
        """The constant that a parameter has where nothing is given; kept, but for functions in functions."""
        key = (target.gid, number)
        if key in self._defaults:
            return self._defaults[key]
        default, outer = self._index.scope(target.gid).params[number].default, self._inference.binding.outer(target)
        known, is_settled = self._inference.apart(lambda: self._written(outer, default) if default != NONE else None)
        if known == PRESENT and outer.scope.exprs[default] == Lit(0) and number in retry_counts(target.scope):
            known = NO_RETRY
        found = self._told_apart(target.gid, number, known) if isinstance(known, LiteralV) else None
        if not outer.bound and is_settled:
            self._defaults[key] = found
        return found

    def _written(self, outer: Frame, default: int) -> Constant | None:
        """The constant that a default is, or that the module or class binds once whose name it gives."""
        if outer.scope.exprs[default] == Seq("tuple", ()):
            return EMPTY
        known = Constants(self._inference, outer).of(default)
        if isinstance(known, LiteralV):
            return known
        found = self._inference.annotations.definition(outer, default)
        return Constants(self._inference, found[0]).of(found[1]) if found is not None else known
