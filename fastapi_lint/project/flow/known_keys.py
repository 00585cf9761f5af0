"""Which keys has a dictionary that a caller passes?

That of a display has those that are written there. What a model of pydantic is dumped to has the model's fields: of a
subclass's, too, where only the name of a base is known. What is picked out of a dictionary, `{k: v for k, v in
data.items() if k in wanted}`, here or by a function of the project, has none that it lacks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fastapi_lint.facts import (
    NONE,
    Attr,
    Call,
    Cls,
    Comp,
    Declared,
    Event,
    EventKind,
    Iter,
    Lit,
    Map,
    Scope,
    Unpack,
    Use,
)
from fastapi_lint.project.code.call_arguments import argument_at, written_items
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.spelling import defined, is_parameter, parameter_of, same
from fastapi_lint.project.types.values import ClassV, ExternalV, FunctionV, InstanceV, MethodV, Value

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
    if isinstance(node, Comp):
        whole = _picked_from(scope, node)
        return whole != NONE and stays_without(inference, frame, whole, key)
    if not isinstance(node, Call):
        return False
    return _is_dump_without(inference, frame, node, key) or _picks(inference, frame, node, key)


def stays_without(inference: Inference, frame: Frame, expr: int, key: str) -> bool:
    """Whether a dictionary has no such key, and nothing in the function may give it one."""
    return lacks(inference, frame, expr, key) and not any(
        may_fill(inference, frame, event, lambda one: same(frame.scope, one, expr)) for event in frame.scope.events
    )


def _picked_from(scope: Scope, node: Comp) -> int:
    """The dictionary of which `{k: v for k, v in data.items() if ...}` takes some items; NONE for anything else."""
    key = scope.exprs[defined(scope, node.key)] if node.kind == "dict" else None
    if not isinstance(key, Unpack) or key.index != 0:
        return NONE
    element = scope.exprs[defined(scope, key.value)]
    items = scope.exprs[element.value] if isinstance(element, Iter) else None
    func = scope.exprs[items.func] if isinstance(items, Call) and not items.args else None
    return func.base if isinstance(func, Attr) and func.name == "items" else NONE


def _picks(inference: Inference, frame: Frame, node: Call, key: str) -> bool:
    """Whether functions of the project only pick something out of a dictionary that lacks the key."""
    called = inference.type(frame, node.func)
    return bool(called) and all(_picks_from(inference, frame, node, value, key) for value in called)


def _picks_from(inference: Inference, frame: Frame, node: Call, value: Value, key: str) -> bool:
    if not isinstance(value, (FunctionV, MethodV)) or _is_overridden(inference, value):
        return False
    inner = inference.binding.frame_of(value)
    scope, skip = inner.scope, inference.binding.receivers(value)
    if scope.is_async or scope.is_generator or scope.decorators or scope.falls_through:
        return False
    for event in scope.events:
        if event.kind == EventKind.RETURN:
            made = scope.exprs[defined(scope, event.expr)] if event.expr != NONE else None
            number = parameter_of(scope, _picked_from(scope, made)) if isinstance(made, Comp) else NONE
            given = _given(frame, node, inner, number, skip) if number != NONE else NONE
            if given == NONE or not stays_without(inference, frame, given, key):
                return False
    return True


def _is_overridden(inference: Inference, value: FunctionV | MethodV) -> bool:
    """Whether objects of a class below may run another method in the place of this one."""
    if not isinstance(value, MethodV) or value.receiver is None:
        return False
    gid, classes = value.function.gid, inference.classes
    name = inference.index.scope(gid).name
    found = (classes.find_method(one, name) for one in classes.subclasses(value.receiver.gid))
    return any(one is None or one.gid != gid for one in found)


def _given(frame: Frame, node: Call, inner: Frame, number: int, skip: int) -> int:
    parameter = inner.scope.params[number]
    return argument_at(frame.scope, node, number - skip, parameter.name, parameter.kind)


def _is_dump_without(inference: Inference, frame: Frame, node: Call, key: str) -> bool:
    """Whether a model without such a field is dumped."""
    func = frame.scope.exprs[node.func]
    if not isinstance(func, Attr) or func.name not in _DUMPS or node.args:
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


def configures(inference: Inference, model: int, options: frozenset[str]) -> bool:
    """Whether a class says something of one of these options of pydantic, `**` for what is not known."""
    scope = inference.index.scope(model)
    if any(name in options for name, _ in scope.keywords):
        return True
    for number in scope.names.get("Config", ()):
        made = scope.exprs[scope.defs[number].value]
        inner = inference.index.scope(inference.index.local(model, made.scope)) if isinstance(made, Cls) else None
        if inner is None or inner.bases or not options.isdisjoint(inner.names):
            return True
    for number in scope.names.get("model_config", ()):
        made = scope.exprs[scope.defs[number].value]
        made = scope.exprs[made.value] if isinstance(made, Declared) and made.value != NONE else made
        named = made.keywords if isinstance(made, Call) else written_items(scope, scope.defs[number].value)
        given = {name or "**" for name, _ in named}
        if not options.isdisjoint(given):
            return True
    return False


def _says_more(inference: Inference, model: int, scope: Scope) -> bool:
    if configures(inference, model, _RENAMES) or not {*_DUMPS}.isdisjoint(scope.names):
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
    if not isinstance(value, (FunctionV, MethodV)) or hops >= _MOST_HOPS or _is_overridden(inference, value):
        return False
    inner, skip = inference.binding.frame_of(value), inference.binding.receivers(value)
    taken = {
        number
        for number in range(skip, len(inner.scope.params))
        if (given := _given(frame, node, inner, number, skip)) != NONE and is_it(given)
    }
    return bool(taken) and not any(
        may_fill(inference, inner, event, lambda expr: any(is_parameter(inner.scope, expr, n) for n in taken), hops + 1)
        for event in inner.scope.events
    )
