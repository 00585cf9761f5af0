"""Which file does an expression name, and can only this run of the code know the name?

Own are the names of `tempfile` and those with a random part (`uuid4()`, `token_hex()`). Names from a request (a path
parameter, `UploadFile.filename`) are not: two requests may bring the same.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from fastapi_lint.facts import (
    NONE,
    Attr,
    Await,
    Bin,
    Call,
    Choice,
    Declared,
    Enter,
    EventKind,
    Import,
    Iter,
    Lit,
    Map,
    Narrow,
    Param,
    Phi,
    Seq,
    Star,
    Sub,
    Unpack,
    Use,
    Var,
)
from fastapi_lint.project import Project
from fastapi_lint.project.code.call_arguments import argument_at
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.types.values import ExternalV, ExtInstanceV, InstanceV, ModuleV

_UNIQUE = frozenset(
    {
        "secrets.token_bytes", "secrets.token_hex", "secrets.token_urlsafe", "shortuuid.uuid",
        "tempfile.NamedTemporaryFile", "tempfile.SpooledTemporaryFile", "tempfile.TemporaryDirectory",
        "tempfile.TemporaryFile", "tempfile.mkdtemp", "tempfile.mkstemp", "time.time_ns",
        "uuid.uuid1", "uuid.uuid4", "uuid.uuid6", "uuid.uuid7",
    }
)  # fmt: skip
_IN_MEMORY = frozenset({"io.BytesIO", "io.StringIO", "tempfile.SpooledTemporaryFile"})
_PARTS_OF_PATHS = frozenset({"hex", "name", "parent", "parents", "parts", "stem", "suffix"})
_MOST_STEPS = 16
_MOST_PARTS = 12

Anchor = tuple[str, str]
"""A part of a name that means the same elsewhere: a variable, an attribute, a function that gives paths, a text."""
_UNKNOWN: Anchor = ("unknown", "")
Parameters = tuple[tuple[int, "Name"], ...]


class Name(msgspec.Struct, frozen=True):
    """What is known of a path: its parts in order, and whether nobody else can have the same."""

    parts: tuple[Anchor, ...] = (_UNKNOWN,)
    own: bool = False

    @property
    def anchors(self) -> frozenset[Anchor]:
        """The parts that tell where the path leads."""
        return frozenset(part for part in self.parts if part[0] not in ("unknown", "text", "maker"))

    def may_be_below(self, other: Name) -> bool:
        """Whether two paths begin at the same place, as far as that is known."""
        return bool(self.anchors & other.anchors) or (self.is_text and self.parts == other.parts)

    @property
    def is_text(self) -> bool:
        """Whether the path is written out."""
        return bool(self.parts) and all(kind == "text" for kind, _ in self.parts)

    def known_as(self, module: str) -> tuple[Anchor, ...]:
        """The parts as other code of a module would write them; empty where they do not tell the file from others.

        Texts alone do so only within the module, if other parts are not known.
        """
        parts = tuple(_UNKNOWN if kind == "parameter" else (kind, value) for kind, value in self.parts)
        if self.is_text or any(kind not in ("unknown", "text") for kind, _ in parts):
            return parts
        return (*parts, ("module", module)) if any(len(value) > 1 for _, value in parts) else ()


UNKNOWN = Name()


class Paths:
    """Reads the expressions of a frame, given what its parameters are."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._index = project.index
        self._inference = project.inference
        self._known: dict[tuple[Frame, int], Name] = {}
        self._given: dict[tuple[int, int], Name] = {}

    def of(self, frame: Frame, expr: int, given: Parameters = ()) -> Name:
        """The path that an expression of a frame stands for."""
        if given:
            return self._of(frame, expr, given, 0)
        known = self._known.get((frame, expr))
        if known is None:
            known = self._known[frame, expr] = self._of(frame, expr, (), 0)
        return known

    def of_any(self, frame: Frame, exprs: Iterable[int], given: Parameters = ()) -> Name:
        """What several expressions together name: own if one of them is."""
        return _joined(self.of(frame, expr, given) for expr in exprs)

    def arguments(self, frame: Frame, node: Call, callee: Frame, given: Parameters = ()) -> Parameters:
        """What the parameters of a callee are for one call of it."""
        return self._arguments(frame, node, callee, given, 0)

    def _arguments(self, frame: Frame, node: Call, callee: Frame, given: Parameters, depth: int) -> Parameters:
        if depth > _MOST_STEPS:
            return ()
        skip = 1 if callee.receiver is not None and self._index.class_of(callee.gid) != NONE else 0
        found: list[tuple[int, Name]] = []
        for number, parameter in enumerate(self._index.scope(callee.gid).params):
            expr = argument_at(frame.scope, node, number - skip, parameter.name, parameter.kind)
            name = self._of(frame, expr, given, depth + 1) if expr != NONE else UNKNOWN
            if name.own or name.anchors or name.is_text:
                found.append((number, name))
        return tuple(found)

    def _of(self, frame: Frame, expr: int, given: Parameters, depth: int) -> Name:
        if expr == NONE or depth > _MOST_STEPS:
            return UNKNOWN
        node = self._index.scope(frame.gid).exprs[expr]
        if isinstance(node, (Use, Phi)):
            scope = self._index.scope(frame.gid)
            return _either(self._of(frame, scope.defs[number].value, given, depth + 1) for number in node.defs)
        if isinstance(node, Choice):
            return _either(self._of(frame, item, given, depth + 1) for item in node.items)
        if isinstance(node, (Await, Declared, Enter, Iter, Narrow, Star, Unpack)):
            return self._of(frame, node.value, given, depth + 1)
        if isinstance(node, Lit):
            return Name((("text", str(node.value)),))
        if isinstance(node, (Bin, Seq, Map)):
            parts = (node.left, node.right) if isinstance(node, Bin) else getattr(node, "items", ())
            return _joined(self._of(frame, part, given, depth + 1) for part in parts)
        if isinstance(node, Sub):
            return self._of(frame, node.base, given, depth + 1)
        if isinstance(node, Param):
            return dict(given).get(node.index) or self._parameter(frame, node.index, depth)
        if isinstance(node, Var):
            return self._variable(frame, expr, node, depth)
        if isinstance(node, Attr):
            return self._attribute(frame, node, given, depth)
        return self._called(frame, node, given, depth) if isinstance(node, Call) else UNKNOWN

    # -- names of other scopes

    def _parameter(self, frame: Frame, index: int, depth: int) -> Name:
        """A parameter of which this call says nothing: own if it is in every call of the function."""
        key = (frame.gid, index)
        if key not in self._given:
            self._given[key] = here = Name((("parameter", f"{frame.gid}:{index}"),))
            handed = [dict(each).get(index, UNKNOWN) for each in self._calls(frame, depth)]
            if handed and all(name.own for name in handed):
                self._given[key] = msgspec.structs.replace(here, own=True)
        return self._given[key]

    def _calls(self, frame: Frame, depth: int) -> Iterable[Parameters]:
        scope = self._index.scope(frame.gid)
        for site in self._index.call_sites(scope.name):
            outer = self._inference.plain_frame(site.gid)
            node = self._index.scope(site.gid).exprs[site.expr]
            if isinstance(node, Call):
                for callee in self._inference.calls.callees(outer, node):
                    if callee.frame is not None and callee.frame.gid == frame.gid:
                        yield self._arguments(outer, node, callee.frame, (), depth + 2)

    def _variable(self, frame: Frame, expr: int, node: Var, depth: int) -> Name:
        owner = self._index.local(frame.gid, node.scope)
        scope = self._index.scope(owner)
        if scope.kind in ("function", "lambda"):
            outer = self._index.around(owner, frame)
            values = [scope.defs[number].value for number in scope.names.get(node.name, ())]
            return _either(self._of(outer, value, (), depth + 1) for value in values)
        found = self._inference.annotations.definition(frame, expr)
        if found is None:
            return Name((("variable", f"{owner}:{node.name}"),))
        value = self._index.scope(found[0].gid).exprs[found[1]]
        if isinstance(value, Import):
            return UNKNOWN
        if isinstance(value, Lit) and isinstance(value.value, str):
            return Name((("text", value.value),))
        return Name((("variable", f"{found[0].gid}:{found[1]}"),))

    def _attribute(self, frame: Frame, node: Attr, given: Parameters, depth: int) -> Name:
        base = self._of(frame, node.base, given, depth + 1)
        if base.own:
            return base
        kinds = self._inference.type(frame, node.base)
        if any(isinstance(kind, ExternalV) for kind in kinds):
            return UNKNOWN  # a constant of a library
        if any(isinstance(kind, ModuleV) for kind in kinds):
            return Name((("variable", f"{kinds}.{node.name}"),))
        is_path = any(isinstance(kind, ExtInstanceV) and kind.name.startswith("pathlib.") for kind in kinds)
        if is_path and node.name in _PARTS_OF_PATHS:
            return base
        owners = sorted(str(kind.gid) for kind in kinds if isinstance(kind, InstanceV))
        return Name((("attribute", f"{','.join(owners)}.{node.name}"),))

    # -- calls

    def _called(self, frame: Frame, node: Call, given: Parameters, depth: int) -> Name:
        kinds = self._inference.calls.result(frame, node)
        if any(isinstance(kind, ExtInstanceV) and kind.name in _IN_MEMORY for kind in kinds):
            return Name((), own=True)
        callees = self._inference.calls.callees(frame, node)
        if any(callee.name.removesuffix(".__init__") in _UNIQUE for callee in callees):
            return Name((), own=True)
        functions = [callee.frame for callee in callees if callee.frame is not None]
        func = self._index.scope(frame.gid).exprs[node.func]
        if functions:
            if all(
                self._gives_own(each, self._arguments(frame, node, each, given, depth), depth) for each in functions
            ):
                return Name((), own=True)
            kind = "maker" if node.args or node.keywords else "function"  # what it makes depends on what it is given
            return Name(tuple((kind, str(each.gid)) for each in functions))
        through = [func.base] if isinstance(func, Attr) and not self._is_module(frame, func.base) else []
        exprs = [*through, *node.args, *(value for _, value in node.keywords)]
        return _joined(self._of(frame, expr, given, depth + 1) for expr in exprs)

    def _is_module(self, frame: Frame, expr: int) -> bool:
        node = self._index.scope(frame.gid).exprs[expr]
        return isinstance(node, Var) and not any(
            isinstance(kind, (ExtInstanceV, InstanceV)) for kind in self._inference.type(frame, expr)
        )

    def _gives_own(self, frame: Frame, given: Parameters, depth: int) -> bool:
        """Whether all that a function returns, or a context manager yields, is a name of its own."""
        scope = self._index.scope(frame.gid)
        if scope.name == "__init__":
            return False
        kind = EventKind.YIELD if scope.is_generator else EventKind.RETURN
        given_back = [event.expr for event in scope.events if event.kind == kind and event.expr != NONE]
        return bool(given_back) and all(self._of(frame, expr, given, depth + 2).own for expr in given_back)


def may_be_same(one: tuple[Anchor, ...], other: tuple[Anchor, ...]) -> bool:
    """Whether two names begin at the same variable or function and agree in their texts and what is known of both."""
    if len(one) != len(other) or one[0] != other[0] or one[0][0] in ("unknown", "text"):
        return False
    return all(
        first == last or (_UNKNOWN in (first, last) and "text" not in (first[0], last[0]))
        for first, last in zip(one, other, strict=True)
    )


def _joined(names: Iterable[Name]) -> Name:
    """What is put together: nobody has it if nobody has one of the parts."""
    parts: tuple[Anchor, ...] = ()
    own = False
    for name in names:
        parts += name.parts
        own = own or name.own
    return Name(parts[:_MOST_PARTS] or (_UNKNOWN,), own)


def _either(names: Iterable[Name]) -> Name:
    """One of several."""
    found = list(dict.fromkeys(names))
    if len(found) == 1:
        return found[0]
    parts = dict.fromkeys(part for name in found for part in name.parts if part[0] != "text")
    return Name((*tuple(parts)[:_MOST_PARTS], _UNKNOWN), bool(found) and all(name.own for name in found))
