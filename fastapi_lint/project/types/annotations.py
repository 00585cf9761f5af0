"""What an annotation says: the type of a value, and what FastAPI injects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi_lint.facts import (
    NONE,
    Attr,
    Bin,
    Call,
    Declared,
    Free,
    Import,
    Lit,
    ParamFacts,
    Seq,
    Sub,
    Use,
    Var,
)
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.index import Index
from fastapi_lint.project.types.values import (
    ClassV,
    ExternalV,
    ExtInstanceV,
    InstanceV,
    ModuleV,
    TupleV,
    Type,
    Value,
    union,
)

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_TRANSPARENT = frozenset(
    {"Optional", "Annotated", "Final", "ClassVar", "Required", "NotRequired", "ReadOnly", "InitVar"}
)
_TYPING = ("typing.", "typing_extensions.", "dataclasses.", "sqlalchemy.orm.Mapped")
_CONTAINERS = {
    "List": "builtins.list",
    "Set": "builtins.set",
    "FrozenSet": "builtins.frozenset",
    "Dict": "builtins.dict",
    "DefaultDict": "builtins.dict",
    "Sequence": "builtins.list",
    "MutableSequence": "builtins.list",
    "Collection": "builtins.list",
    "Mapping": "builtins.dict",
    "MutableMapping": "builtins.dict",
    "Iterable": "typing.Iterator",
    "Iterator": "typing.Iterator",
    "Generator": "typing.Iterator",
    "AsyncIterable": "typing.AsyncIterator",
    "AsyncIterator": "typing.AsyncIterator",
    "AsyncGenerator": "typing.AsyncIterator",
}
_SCALARS = ("str", "bytes", "int", "float", "bool", "list", "dict", "set", "tuple")
_PLAIN = frozenset(f"builtins.{name}" for name in _SCALARS)
_PLAIN_GENERICS = frozenset({"builtins.list", "builtins.dict", "typing.List", "typing.Dict"})
INJECTORS = frozenset(
    {
        "fastapi.Depends",
        "fastapi.Security",
        "fastapi.param_functions.Depends",
        "fastapi.param_functions.Security",
        "fastapi.params.Depends",
        "fastapi.params.Security",
    }
)


class Annotations:
    """Types from annotations."""

    def __init__(self, index: Index, inference: Inference) -> None:
        self._index = index
        self._inference = inference
        self._open: set[tuple[int, int]] = set()
        self._known: dict[tuple[Frame, int], Type] = {}
        self._definitions: dict[tuple[Frame, str], tuple[Frame, int] | None] = {}

    @property
    def is_reading(self) -> bool:
        """Whether an annotation is being read: one that names itself says nothing."""
        return bool(self._open)

    def type(self, frame: Frame, expr: int) -> Type:
        """The instances that an annotation allows; nothing for what it leaves open."""
        if expr == NONE:
            return ()
        known = self._known.get((frame, expr))
        if known is not None:
            return known
        key = (frame.gid, expr)
        if key in self._open:
            return ()
        inside_another = bool(self._open)
        self._open.add(key)
        try:
            found, is_settled = self._inference.apart(lambda: self._read(frame, expr))
        finally:
            self._open.discard(key)
        if not inside_another and is_settled:
            self._known[frame, expr] = found
        return found

    def _read(self, frame: Frame, expr: int) -> Type:
        node = self._index.scope(frame.gid).exprs[expr]
        if type(node) is Sub:
            return self._subscript(frame, node)
        if type(node) is Bin and node.op == "|":
            return union([self.type(frame, node.left), self.type(frame, node.right)])
        if type(node) is Lit or type(node) is Call:
            return ()
        if type(node) is Declared:
            return self.type(frame, node.value)
        alias = self._alias(frame, expr)
        if alias is not None:
            return alias
        return self.instances(self._inference.type(frame, expr))

    def is_plain(self, frame: Frame, expr: int) -> bool:
        """Whether an annotation names builtin types only, and so leaves no room for None."""
        if expr == NONE:
            return False
        node = self._index.scope(frame.gid).exprs[expr]
        if type(node) is Bin and node.op == "|":
            return self.is_plain(frame, node.left) and self.is_plain(frame, node.right)
        if type(node) is Sub:
            heads = self._inference.type(frame, node.base)
            return any(type(v) is ExternalV and v.name in _PLAIN_GENERICS for v in heads)
        named = self._inference.type(frame, expr) if type(node) is Free else ()
        return any(type(value) is ExternalV and value.name in _PLAIN for value in named)

    def is_class(self, frame: Frame, expr: int) -> bool:
        """Whether an annotation is the name of one class, and so leaves no room for None."""
        if not isinstance(self._index.scope(frame.gid).exprs[expr], (Attr, Free, Use, Var)):
            return False
        named = self._inference.type(frame, expr)
        if len(named) != 1 or not isinstance(named[0], ExternalV):
            return len(named) == 1 and isinstance(named[0], ClassV)
        return named[0].name != "builtins.object" and not named[0].name.startswith("typing")

    def instances(self, classes: Type) -> Type:
        """Instances of the classes among the values."""
        return union(self._instance(value) for value in classes)

    def _instance(self, value: Value) -> Type:
        if isinstance(value, ClassV):
            return (InstanceV(value.gid),)
        if isinstance(value, ExternalV):
            head, _, last = value.name.rpartition(".")
            if head in ("typing", "typing_extensions", "collections.abc"):
                return (self._inference.libraries.instance(_CONTAINERS[last]),) if last in _CONTAINERS else ()
            return (self._inference.libraries.instance(value.name),)
        if isinstance(value, TupleV):
            return union(self.instances(item) for item in value.items)
        return ()

    def _alias(self, frame: Frame, expr: int) -> Type | None:
        """A name for a type expression (`DB = Annotated[Session, Depends(get_db)]`): read where it was written."""
        found = self.definition(frame, expr)
        if found is None:
            return None
        where, value = found
        node = self._index.scope(where.gid).exprs[value]
        if isinstance(node, (Sub, Bin)) or (isinstance(node, Declared) and node.value != NONE):
            return self.type(where, value)
        if isinstance(node, Call):
            return self._type_call(where, node)
        return None

    def _type_call(self, frame: Frame, node: Call) -> Type | None:
        """`NewType("Id", Base)` and `TypeVar("T", bound=Base)`."""
        names = [v.name for v in self._inference.type(frame, node.func) if isinstance(v, ExternalV)]
        if "typing.NewType" in names and len(node.args) == 2:
            return self.type(frame, node.args[1])
        if "typing.TypeVar" in names or "typing_extensions.TypeVar" in names:
            bounds = [value for key, value in node.keywords if key == "bound"]
            return self.type(frame, bounds[0]) if bounds else ()
        return None

    def definition(self, frame: Frame, expr: int) -> tuple[Frame, int] | None:
        """The one expression that a name stands for, through imports and module members; None if there is no one."""
        node = self._index.scope(frame.gid).exprs[expr]
        if type(node) is Use and len(node.defs) == 1:
            return self._defined_by(frame, self._index.scope(frame.gid).defs[node.defs[0]].value)
        if type(node) is Var:
            gid = self._index.local(frame.gid, node.scope)
            return self._named(self._index.around(gid, frame), node.name)
        if type(node) is Attr:
            for value in self._inference.type(frame, node.base):
                if type(value) is ModuleV and value.path in self._index.table.by_key:
                    return self._named(self._index.frame(self._index.table.by_key[value.path].base), node.name)
        return None

    def _named(self, frame: Frame, name: str) -> tuple[Frame, int] | None:
        key = (frame, name)
        if key not in self._definitions:
            self._definitions[key] = self._definition(frame, name)
        return self._definitions[key]

    def _definition(self, frame: Frame, name: str) -> tuple[Frame, int] | None:
        scope = self._index.scope(frame.gid)
        numbers = scope.names.get(name, ())
        if len(numbers) != 1:
            return None
        return self._defined_by(frame, scope.defs[numbers[0]].value)

    def _defined_by(self, frame: Frame, value: int, hops: int = 0) -> tuple[Frame, int] | None:
        node = self._index.scope(frame.gid).exprs[value]
        if isinstance(node, Import) and node.name is not None and hops < 8:
            module = self._index.module(frame.gid)
            table = self._index.table
            key = table.relative(module, node.module, node.level) if node.level else table.absolute(module, node.module)
            source = table.by_key.get(key) if key is not None else None
            if source is None:
                return None
            numbers = source.facts.scopes[0].names.get(node.name, ())
            if len(numbers) != 1:
                return None
            return self._defined_by(
                self._index.frame(source.base), source.facts.scopes[0].defs[numbers[0]].value, hops + 1
            )
        return frame, value

    def _subscript(self, frame: Frame, node: Sub) -> Type:
        scope = self._index.scope(frame.gid)
        index = scope.exprs[node.index]
        items = list(index.items) if isinstance(index, Seq) and index.kind == "tuple" else [node.index]
        heads = self._inference.type(frame, node.base)
        return union(self._generic(frame, head, items) for head in heads)

    def _generic(self, frame: Frame, head: Value, items: list[int]) -> Type:
        if isinstance(head, ClassV):
            return (InstanceV(head.gid),)
        if not isinstance(head, ExternalV):
            return ()
        module, _, last = head.name.rpartition(".")
        if head.name == "sqlalchemy.orm.Mapped":
            return self.type(frame, items[0])
        if module in ("typing", "typing_extensions", "dataclasses"):
            if last == "Annotated":
                return self._annotated(frame, items)
            if last in _TRANSPARENT:
                return self.type(frame, items[0])
            if last == "Union":
                return union(self.type(frame, item) for item in items)
            if last == "Type":
                return self._classes(frame, items[0])
        if head.name == "builtins.type":
            return self._classes(frame, items[0])
        if last in ("Tuple", "tuple"):
            return self._tuple(frame, items)
        if module in ("typing", "typing_extensions", "collections.abc"):
            name = _CONTAINERS.get(last)
            if name is None:
                return ()
            return (ExtInstanceV(name, tuple(self.type(frame, item) for item in items)),)
        return (self._inference.libraries.instance(head.name, tuple(self.type(frame, item) for item in items)),)

    def _tuple(self, frame: Frame, items: list[int]) -> Type:
        nodes = self._index.scope(frame.gid).exprs
        if len(items) == 2 and not isinstance(nodes[items[1]], (Sub, Attr, Var, Use, Bin)):
            return (ExtInstanceV("builtins.list", (self.type(frame, items[0]),)),)
        return (TupleV(tuple(self.type(frame, item) for item in items)),)

    def _classes(self, frame: Frame, item: int) -> Type:
        return tuple(v for v in self._inference.type(frame, item) if isinstance(v, (ClassV, ExternalV)))

    # -- injection

    def _annotated(self, frame: Frame, items: list[int]) -> Type:
        declared = self.type(frame, items[0])
        for item in items[1:]:
            given = self.injected(frame, item, items[0])
            if given is not None:
                return self._arriving(declared, given)
        return declared

    def injected(self, frame: Frame, expr: int, annotation: int = NONE) -> Type | None:
        """What `Depends(f)` gives; None if the expression is no injection. `Depends()` calls the annotated class."""
        found: tuple[Frame, int] | None = (frame, expr)
        node = self._index.scope(frame.gid).exprs[expr]
        if not isinstance(node, Call):
            found = self.definition(frame, expr)
        if found is None:
            return None
        where, value = found
        call = self._index.scope(where.gid).exprs[value]
        if not isinstance(call, Call) or not self.is_injector(where, call):
            return None
        dependency = injected_expr(call)
        if dependency == NONE:
            return self.type(frame, annotation)
        return self._inference.calls.provided(self._inference.type(where, dependency))

    def is_injector(self, frame: Frame, call: Call) -> bool:
        return any(
            isinstance(value, ExternalV) and value.name in INJECTORS for value in self._inference.type(frame, call.func)
        )

    def is_injected(self, frame: Frame, parameter: ParamFacts) -> bool:
        """Whether FastAPI gives a parameter what a dependency gives; `frame` is the scope around its function."""
        if parameter.default != NONE and self.injected(frame, parameter.default, parameter.annotation) is not None:
            return True
        where, expr = frame, parameter.annotation
        if expr != NONE and not isinstance(frame.scope.exprs[expr], Sub):
            where, expr = self.definition(frame, expr) or (frame, NONE)
        node = where.scope.exprs[expr] if expr != NONE else None
        index = where.scope.exprs[node.index] if isinstance(node, Sub) else None
        items = index.items if isinstance(index, Seq) else ()
        return any(self.injected(where, item, items[0]) is not None for item in items[1:])

    def is_other(self, declared: Type, given: Type) -> bool:
        """Whether a declaration is wrong of some objects: it names none of their classes, bases or subclasses."""
        return not any(self._is_covered(a, b) or self._is_covered(b, a) for a in declared for b in given)

    def parameter(self, frame: Frame, parameter: ParamFacts) -> Type:
        """The declared type of a parameter; `frame` is the scope around its function."""
        declared = self.type(frame, parameter.annotation)
        if parameter.default != NONE:
            given = self.injected(frame, parameter.default, parameter.annotation)
            if given is not None:
                return self._arriving(declared, given)
        return declared

    def _arriving(self, declared: Type, given: Type) -> Type:
        """What arrives where FastAPI injects something: it does not look at the annotation."""
        objects = bool(given) and all(isinstance(value, (InstanceV, ExtInstanceV)) for value in given)
        if objects and self.is_other(declared, given):
            return given
        return self.refine(declared, given)

    def refine(self, declared: Type, inferred: Type) -> Type:
        """The inferred type, plus what the declaration allows beyond it: a base class says nothing more."""
        told = (value for value in inferred if not _is_emptier(value, declared))
        inferred = self._allowed(declared, tuple(value for value in told if not self._is_vaguer(value, declared)))
        if not inferred:
            return declared
        rest = [value for value in declared if not any(self._is_covered(value, other) for other in inferred)]
        return union([inferred, tuple(rest)])

    def _allowed(self, declared: Type, inferred: Type) -> Type:
        """Of several classes that a factory may give those that the declaration names: `kv: Storage = make(name)`.

        If it names none of them, or a protocol, it tells nothing.
        """
        classes = self._inference.classes
        wanted = [value.gid for value in declared if isinstance(value, InstanceV)]
        if len(inferred) < 2 or not wanted or any(classes.derives_from(gid, "typing.Protocol") for gid in wanted):
            return inferred
        named = {
            value
            for value in inferred
            if isinstance(value, InstanceV) and any(classes.is_subclass(value.gid, gid) for gid in wanted)
        }
        return tuple(v for v in inferred if v in named or not isinstance(v, InstanceV)) if named else inferred

    def _is_vaguer(self, inferred: Value, declared: Type) -> bool:
        """Whether something is of a library's class that a declared one derives from, or holds such.

        What `fetch(model: type[T]) -> list[T]` gives may only be known by the bound of its type variable.
        """
        if not isinstance(inferred, ExtInstanceV):
            return False
        for value in declared:
            if isinstance(value, InstanceV) and self._inference.classes.derives_from(value.gid, inferred.name):
                return True
            if isinstance(value, ExtInstanceV) and value.name == inferred.name and value.args != inferred.args:
                pairs = list(zip(inferred.args, value.args, strict=False))
                if pairs and all(a == b or (a and all(self._is_vaguer(part, b) for part in a)) for a, b in pairs):
                    return True
        return False

    def _is_covered(self, declared: Value, inferred: Value) -> bool:
        if declared == inferred:
            return True
        classes = self._inference.classes
        if isinstance(declared, InstanceV):
            return isinstance(inferred, InstanceV) and classes.is_subclass(inferred.gid, declared.gid)
        if isinstance(declared, ExtInstanceV):
            if isinstance(inferred, InstanceV):
                return classes.derives_from(inferred.gid, declared.name)
            return isinstance(inferred, ExtInstanceV) and self._inference.libraries.is_a(inferred, declared.name)
        return False


def _is_emptier(inferred: Value, declared: Type) -> bool:
    """Whether a container says less than its declaration: `clients: dict[str, Redis] = {}`."""
    if not isinstance(inferred, ExtInstanceV) or any(inferred.args):
        return False
    same = [value for value in declared if isinstance(value, ExtInstanceV) and value.name == inferred.name]
    return any(any(value.args) for value in same)


def injected_expr(call: Call) -> int:
    """The dependency that a `Depends(...)` call names, or NONE."""
    if call.args:
        return call.args[0]
    return next((value for key, value in call.keywords if key == "dependency"), NONE)
