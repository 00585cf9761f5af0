"""Which keys has a dictionary that a caller passes?

That of a display has those that are written there. What a model of pydantic is dumped to has the model's fields: of a
subclass's, too, where only the name of a base is known.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fastapi_lint.facts import NONE, Attr, Call, Cls, Event, EventKind, Lit, Map, Scope, Use
from fastapi_lint.project.code.call_arguments import argument_at
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.spelling import is_parameter
from fastapi_lint.project.types.values import ClassV, ExternalV, FunctionV, InstanceV, Value

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_DUMPS = ("model_dump", "dict")
_OPTIONS = frozenset({"exclude", "include", "exclude_unset", "exclude_none", "exclude_defaults", "mode"})
_BASES = frozenset({"pydantic.BaseModel", "pydantic.main.BaseModel", "builtins.object", "abc.ABC", "typing.Generic"})
_SERIALIZERS = frozenset({"pydantic.model_serializer", "pydantic.functional_serializers.model_serializer"})
_READS = frozenset({"get", "keys", "values", "items", "copy"})
_MOST_HOPS = 3
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
    if any(name in _RENAMES for name, _ in scope.keywords) or not {*_DUMPS}.isdisjoint(scope.names):
        return True
    for number in scope.names.get("Config", ()):
        made = scope.exprs[scope.defs[number].value]
        inner = inference.index.scope(inference.index.local(model, made.scope)) if isinstance(made, Cls) else None
        if inner is None or inner.bases or not _RENAMES.isdisjoint(inner.names):
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


def may_fill(inference: Inference, frame: Frame, event: Event, is_it: Callable[[int], bool], hops: int = 0) -> bool:
    """Whether an event may put something into a dictionary, or hand it to who may: `is_it` knows its expressions."""
    scope = frame.scope
    if event.kind == EventKind.STORE_ITEM:
        return event.value != NONE and is_it(event.expr)
    if event.kind == EventKind.STORE_ATTR:
        return event.value != NONE and is_it(event.value)
    node = scope.exprs[event.expr] if event.kind == EventKind.CALL else None
    if not isinstance(node, Call):
        return False
    func = scope.exprs[node.func]
    if isinstance(func, Attr) and is_it(func.base):
        return func.name not in _READS
    given = [one for one in (*node.args, *(value for name, value in node.keywords if name != "**")) if is_it(one)]
    return bool(given) and not all(
        _only_reads(inference, frame, node, value, is_it, hops) for value in inference.type(frame, node.func) or (None,)
    )


def _only_reads(
    inference: Inference, frame: Frame, node: Call, value: Value | None, is_it: Callable[[int], bool], hops: int
) -> bool:
    """Whether what a call runs leaves a dictionary that it is given as it is."""
    if isinstance(value, (ExternalV, ClassV)):
        return isinstance(value, ExternalV) and value.name.startswith("builtins.") and value.name != "builtins.setattr"
    if not isinstance(value, FunctionV) or hops >= _MOST_HOPS or inference.index.class_of(value.gid) != NONE:
        return False
    inner = inference.plain_frame(value.gid)
    taken = {
        number
        for number, parameter in enumerate(inner.scope.params)
        if (given := argument_at(frame.scope, node, number, parameter.name, parameter.kind)) != NONE and is_it(given)
    }
    return bool(taken) and not any(
        may_fill(inference, inner, event, lambda expr: any(is_parameter(inner.scope, expr, n) for n in taken), hops + 1)
        for event in inner.scope.events
    )
