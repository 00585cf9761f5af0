"""Which keys has a dictionary that a caller passes?

That of a display has those that are written there. What a model of pydantic is dumped to has the model's fields: of a
subclass's, too, where only the name of a base is known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi_lint.facts import NONE, Attr, Call, Lit, Map, Scope, Use
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.types.values import ClassV, InstanceV

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_DUMPS = ("model_dump", "dict")
_OPTIONS = frozenset({"exclude", "include", "exclude_unset", "exclude_none", "exclude_defaults", "mode"})
_BASES = frozenset({"pydantic.BaseModel", "pydantic.main.BaseModel", "builtins.object", "abc.ABC", "typing.Generic"})
_SERIALIZERS = frozenset({"pydantic.model_serializer", "pydantic.functional_serializers.model_serializer"})
_RENAMES = frozenset({"extra", "serialize_by_alias", "alias_generator", "**"})


def lacks(inference: Inference, frame: Frame, expr: int, key: str) -> bool:
    """Whether a dictionary has no such key when the expression gives it."""
    scope = frame.scope
    node = scope.exprs[expr]
    if isinstance(node, Use):
        return len(node.defs) == 1 and lacks(inference, frame, scope.defs[node.defs[0]].value, key)
    if isinstance(node, Map):
        keys = [scope.exprs[one] if one != NONE else None for one in node.keys]
        return all(isinstance(one, Lit) and one.value != key for one in keys)
    func = scope.exprs[node.func] if isinstance(node, Call) else None
    if not isinstance(node, Call) or not isinstance(func, Attr) or func.name not in _DUMPS or node.args:
        return False
    if not {name for name, _ in node.keywords} <= _OPTIONS:
        return False
    models = inference.type(frame, func.base)
    classes = [one.gid for one in models if isinstance(one, InstanceV)]
    if not _is_made(inference, frame, func.base):
        classes += [gid for one in classes for gid in inference.classes.subclasses(one)]
    return bool(models) and len(models) <= len(classes) and all(_has_none(inference, one, key) for one in classes)


def _is_made(inference: Inference, frame: Frame, expr: int) -> bool:
    """Whether the object is of the very class that a call names."""
    node = frame.scope.exprs[expr]
    if isinstance(node, Use) and len(node.defs) == 1:
        return _is_made(inference, frame, frame.scope.defs[node.defs[0]].value)
    return isinstance(node, Call) and any(isinstance(one, ClassV) for one in inference.type(frame, node.func))


def _has_none(inference: Inference, model: int, key: str) -> bool:
    """Whether a model has no such field, and gives its fields and nothing else."""
    classes = inference.classes
    if not classes.derives_from(model, "pydantic.BaseModel") or not {*classes.external_bases(model)} <= _BASES:
        return False
    own = [entry for entry in classes.mro(model) if isinstance(entry, int)]
    return not any(
        key in inference.index.scope(entry).names or _says_more(inference, entry, inference.index.scope(entry))
        for entry in own
    )


def _says_more(inference: Inference, model: int, scope: Scope) -> bool:
    if any(name in _RENAMES for name, _ in scope.keywords) or not {*_DUMPS, "Config"}.isdisjoint(scope.names):
        return True
    for number in scope.names.get("model_config", ()):
        made = scope.exprs[scope.defs[number].value]
        given = [name for name, _ in made.keywords] if isinstance(made, Call) else ["**"]
        if not _RENAMES.isdisjoint(given):
            return True
    module = inference.index.module(model)
    methods = (module.base + number for number, one in enumerate(module.facts.scopes) if one.decorators)
    return any(
        inference.index.parent(gid) == model and inference.decorators.named(gid, _SERIALIZERS) is not None
        for gid in methods
    )
