"""Which fields of a dataclass or model has a constructor call left at the constant that the class declares?

`serve_bind: str | None = field(default=None, kw_only=True)`: in what `Arguments(host=host)` makes, nobody has set it,
and `if self.serve_bind is not None` in `__post_init__` does not hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fastapi_lint.facts import NONE, Call, Declared, Lit, Scope, Sub
from fastapi_lint.project.code.call_arguments import has_star, spread_out
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.spelling import strings
from fastapi_lint.project.flow.known_keys import configures, stays_without
from fastapi_lint.project.types.classes import PLAIN_BASES
from fastapi_lint.project.types.values import ExternalV, InstanceV, LiteralV, Type

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_DATACLASSES = frozenset({"dataclasses.dataclass", "pydantic.dataclasses.dataclass"})
_MODELS = frozenset({"pydantic.BaseModel"})
_FIELDS = frozenset({"dataclasses.field", "pydantic.Field", "pydantic.fields.Field"})
_OTHER_NAMES = frozenset({"alias", "init", "validation_alias"})
_RENAMES = frozenset({"alias_generator", "**"})
_OF_FIELDS = frozenset(
    {"pydantic.field_validator", "pydantic.functional_validators.field_validator", "pydantic.validator"}
)


class LeftOut:
    """Answers for calls; what a class declares is kept."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._index = inference.index
        self._known: dict[int, dict[int, LiteralV]] = {}
        self._constants: dict[tuple[int, str], LiteralV | None] = {}
        self._set: dict[tuple[int, str], bool] = {}

    def given(self, gid: int, caller: Frame, node: Call) -> tuple[tuple[int, int, Type], ...]:
        """What a call leaves at its default, as an instance keeps it: (class, number of the field, constant)."""
        spread = spread_out(caller.scope, node)
        if has_star(caller.scope, spread) or any(name == "**" for name, _ in spread.keywords):
            return ()
        declared = self._declared(gid)
        if not declared:
            return ()
        fields = self._inference.classes.init_fields(gid)
        named = {name for name, _ in spread.keywords}
        first = self._behind(gid, len(spread.args)) if spread.args else 0
        return tuple(
            (gid, number, (constant,))
            for number, constant in declared.items()
            if number >= first and fields[number][0] not in named
        )

    def left(self, gid: int, name: str, caller: Frame, node: Call) -> LiteralV | None:
        """The constant that a call leaves a field at, or writes down for it, if nothing ever stores the attribute.

        Of `Server(**data)` it is known where `data` has no such key. To be asked when all types are known.
        """
        key = (gid, name)
        if key not in self._constants:
            is_changed = self._may_be_set(gid, name) or self._inference.classes.find_method(gid, "__init__") is not None
            of_class = self._of_fields(gid, {name}) if not is_changed else {}
            self._constants[key] = next(iter(of_class.values()), None)
        constant = self._constants[key]
        spread = spread_out(caller.scope, node)
        if constant is None or has_star(caller.scope, spread):
            return None
        written = [caller.scope.exprs[value] for given, value in spread.keywords if given == name]
        if written:
            return constant if written == [Lit(constant.value)] else None
        names = [field for field, _ in self._inference.classes.init_fields(gid)]
        if spread.args and names.index(name) < self._behind(gid, len(spread.args)):
            return None
        mappings = (value for given, value in spread.keywords if given == "**")
        return constant if all(stays_without(self._inference, caller, one, name) for one in mappings) else None

    def of(self, owner: InstanceV, name: str) -> LiteralV | None:
        """The constant that a field of an instance was left at."""
        for gid, number, kind in owner.given:
            if gid == owner.gid and isinstance(kind[0], LiteralV):
                if self._inference.classes.init_fields(gid)[number][0] == name:
                    return kind[0] if not self._may_be_set(gid, name) else None
        return None

    def _may_be_set(self, gid: int, name: str) -> bool:
        key = (gid, name)
        known = self._set.get(key)
        if known is None:
            self._set[key] = True  # what depends on itself is not known
            found, is_settled = self._inference.apart(lambda: self._inference.class_constants.may_be_set(gid, name))
            del self._set[key]
            if is_settled:
                self._set[key] = found
            return found
        return known

    def _declared(self, gid: int) -> dict[int, LiteralV]:
        """The fields that conditions of the class's methods ask for, and that have a constant for a default."""
        known = self._known.get(gid)
        if known is None:
            self._known[gid] = {}  # what depends on itself is not known
            found, is_settled = self._inference.apart(lambda: self._find(gid))
            del self._known[gid]
            if is_settled:
                self._known[gid] = found
            return found
        return known

    def _find(self, gid: int) -> dict[int, LiteralV]:
        classes, asked = self._inference.classes, self._inference.asked
        names = {name for one in classes.mro(gid) if isinstance(one, int) for name in asked.attributes_asked(one)}
        return self._of_fields(gid, names)

    def _of_fields(self, gid: int, names: set[str]) -> dict[int, LiteralV]:
        """The fields of these names that have a constant for a default, if nothing else gives them a value."""
        classes = self._inference.classes
        validated = self._validated(gid) if self._takes_fields(gid) else None
        if validated is None:
            return {}
        found = {}
        for number, (name, _) in enumerate(classes.init_fields(gid)):
            owner = classes.member(gid, name)[1] if name in names - validated else None
            constant = self._default(owner, name) if isinstance(owner, int) else None
            if constant is not None:
                found[number] = constant
        return found

    def _takes_fields(self, gid: int) -> bool:
        """Whether nothing but what makes a class a dataclass or a model says what its constructor takes and does."""
        classes, is_field_class = self._inference.classes, False
        for entry in classes.mro(gid):
            if isinstance(entry, str):
                if entry not in _MODELS | PLAIN_BASES:
                    return False
                is_field_class = is_field_class or entry in _MODELS
                continue
            scope, outer = self._index.scope(entry), self._inference.plain_frame(self._index.parent(entry))
            if not all(self._inference.type(outer, base) for base in scope.bases) or "__new__" in scope.names:
                return False
            if not all(self._is_dataclass(outer, one) for one in scope.decorators):
                return False
            if configures(self._inference, entry, _RENAMES):
                return False
            is_field_class = is_field_class or bool(scope.decorators)
        return is_field_class

    def _is_dataclass(self, outer: Frame, decorator: int) -> bool:
        node = outer.scope.exprs[decorator]
        kinds = self._inference.type(outer, node.func if isinstance(node, Call) else decorator)
        return bool(kinds) and all(isinstance(one, ExternalV) and one.name in _DATACLASSES for one in kinds)

    def _validated(self, gid: int) -> frozenset[str] | None:
        """The fields of which methods may make something else; None if they may of any, also of what is left out."""
        found: set[str] = set()
        for frame, decorator in self._decorators(gid):
            node = frame.scope.exprs[decorator]
            kinds = self._inference.type(frame, node.func if isinstance(node, Call) else decorator)
            if not kinds:
                return None
            names = {kind.name for kind in kinds if isinstance(kind, ExternalV) and "validator" in kind.name}
            if not names:
                continue
            fields = [strings(frame.scope, given) for given in node.args] if isinstance(node, Call) else []
            if not fields or not names <= _OF_FIELDS or any(len(one) != 1 or one == ["*"] for one in fields):
                return None
            found.update(one[0] for one in fields)
        return frozenset(found)

    def _decorators(self, gid: int) -> Iterator[tuple[Frame, int]]:
        """The decorators of the methods of a class and its bases, each with the class that they stand in."""
        for entry in self._inference.classes.mro(gid):
            for scope in self._index.module(entry).facts.scopes if isinstance(entry, int) else ():
                if isinstance(entry, int) and scope.kind == "function" and scope.parent != NONE:
                    if self._index.local(entry, scope.parent) == entry:
                        frame = self._inference.plain_frame(entry)
                        yield from ((frame, decorator) for decorator in scope.decorators)

    def _default(self, owner: int, name: str) -> LiteralV | None:
        scope = self._index.scope(owner)
        numbers = scope.names[name]
        node = scope.exprs[scope.defs[numbers[0]].value]
        if len(numbers) != 1 or not isinstance(node, Declared) or node.value == NONE:
            return None
        value = scope.exprs[node.value]
        if isinstance(value, Call):
            frame = self._index.frame(owner)
            kinds = self._inference.type(frame, value.func)
            is_field = bool(kinds) and all(isinstance(one, ExternalV) and one.name in _FIELDS for one in kinds)
            written = dict(value.keywords)
            if not is_field or not _OTHER_NAMES.isdisjoint(written):
                return None
            default = written.get("default", value.args[0] if value.args else NONE)
            value = scope.exprs[default] if default != NONE else value
        known = value.value if isinstance(value, Lit) else NONE
        return LiteralV(known) if known is None or isinstance(known, bool) else None

    def _behind(self, gid: int, count: int) -> int:
        """The number of the first field that so many positional arguments surely do not reach."""
        fields = self._inference.classes.init_fields(gid)
        for number, (name, owner) in enumerate(fields):
            if count <= 0:
                return number
            scope = self._index.scope(owner)
            if owner != gid:
                continue  # those of bases may be taken by keyword only
            count -= _takes_a_place(scope, scope.exprs[scope.defs[scope.names[name][0]].value])
        return len(fields)


def _takes_a_place(scope: Scope, node: object) -> bool:
    """Whether a field is surely one of the positional ones; what is passed over only makes the answer careful."""
    if not isinstance(node, Declared):
        return False
    value = scope.exprs[node.value] if node.value != NONE else None
    return not isinstance(value, Call) and not isinstance(scope.exprs[node.annotation], Sub)
