"""What constant does an expression hold in a frame?

The answer is a constant that tests can tell from others (None, a boolean, a string, a member of an enumeration), or
that the value is not None, or nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from os.path import commonprefix
from typing import TYPE_CHECKING, Any

from fastapi_lint.facts import (
    NONE,
    Attr,
    Await,
    Bin,
    Call,
    Choice,
    Cls,
    Comp,
    Declared,
    Enter,
    Expr,
    Free,
    Func,
    Lit,
    Map,
    Narrow,
    Opaque,
    Param,
    Phi,
    Seq,
    Use,
    Var,
)
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.spelling import behind_names, is_parameter, spelled, strings
from fastapi_lint.project.types.values import ClassV, ExternalV, ExtInstanceV, InstanceV, LiteralV, PresentV

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

Constant = LiteralV | PresentV
PRESENT = PresentV()

_DEEPEST = 8
_MOST_REBINDS = 4
_ADDRESSES = frozenset({"httpx.URL"})
"""What an HTTP client takes for an address; other schemes are of no use to it."""
_ADDRESSED = frozenset({"botocore.awsrequest.AWSPreparedRequest", "requests.PreparedRequest", "requests.Response"})
"""What has such an address as its `url`: only what can be sent is prepared."""
ENUMS = ("enum.Enum", "enum.StrEnum", "enum.IntEnum", "enum.Flag", "enum.IntFlag")


class Constants:
    """Constants of one frame's scope; `is_dead` says which regions the frame never takes."""

    def __init__(self, inference: Inference, frame: Frame, is_dead: Callable[[int], bool] | None = None) -> None:
        self._inference = inference
        self._frame = frame
        self._scope = inference.index.scope(frame.gid)
        self._is_dead = is_dead
        # a name that each of many branches rebinds is reached by exponentially many ways: one answer for each level
        self._merged: dict[tuple[tuple[int, ...], int], Constant | None] = {}

    def of(self, expr: int, hops: int = 0) -> Constant | None:
        """What is known of the expression."""
        if hops > _DEEPEST:
            return None
        if not hops:
            self._merged.clear()  # while a frame is walked, more and more of its branches are known to be dead
        node: Expr = self._scope.exprs[expr]
        rule = _RULES.get(node.__class__)
        return None if rule is None else rule(self, node, hops)

    def literal(self, node: Lit, _hops: int) -> Constant:
        return LiteralV(node.value) if node.value is None or isinstance(node.value, (bool, str)) else PRESENT

    def use(self, node: Use | Phi, hops: int) -> Constant | None:
        if len(node.defs) == 1:
            return self._defined(node.defs, hops)
        place = (node.defs, hops)
        if place not in self._merged:
            self._merged[place] = self._defined(node.defs, hops)
        return self._merged[place]

    def declared(self, node: Declared, hops: int) -> Constant | None:
        return self.of(node.value, hops + 1) if node.value != NONE else None

    def narrow(self, node: Narrow, hops: int) -> Constant | None:
        return self.of(node.value, hops + 1)

    def param(self, node: Param, _hops: int) -> Constant | None:
        return self._parameter(node.index)

    def enter(self, node: Enter, _hops: int) -> Constant | None:
        """What the object of a library gives that a `with` statement makes and enters, where it gives itself."""
        made = self._scope.exprs[node.value]
        if not isinstance(made, Call) or not self._constructs_of_library(made):
            return None
        kind = self._inference.type(self._frame, node.value)
        return PRESENT if self._inference.protocols.entered(kind, node.is_async) == kind else None

    def attr(self, node: Attr, hops: int) -> Constant | None:
        known = self._member(node) or self._of_member(node, hops) or self._attribute(node, hops)
        return known or self._inference.class_constants.of(self._frame, node.base, node.name)

    def call(self, node: Call, hops: int) -> Constant | None:
        if self._constructs(node):
            return PRESENT
        known = self._keyword(node, hops) or self._as_text(node, hops) or self._changed(node, hops)
        known = known or self._returned(node)
        return PRESENT if known is None and self._constructs_of_library(node) else known

    def awaited(self, node: Await, _hops: int) -> Constant | None:
        """What a text starts with that async functions of the project give."""
        call = self._scope.exprs[node.value]
        known = self._returned(call, is_awaited=True) if isinstance(call, Call) else None
        return known if text(known) else None

    def opaque(self, node: Opaque, _hops: int) -> Constant | None:
        return PRESENT if node.type else None

    def is_empty_container(self, expr: int) -> bool:
        """Whether an expression names a container of a module that stays empty (see `empty_containers`)."""
        containers = self._inference.empty_containers
        if containers.names.isdisjoint(spelled(self._scope, expr)):
            return False
        found = self._inference.annotations.definition(self._frame, expr)
        if found is None or found[0].scope.kind != "module":
            return False
        return any(one.value == found[1] and containers.holds(found[0].gid, one.name) for one in found[0].scope.defs)

    def bin(self, node: Bin, hops: int) -> Constant | None:
        if node.op in ("%", "+", "+="):
            return PresentV(self._head(node, hops))
        return PRESENT if node.op != "and" else None

    def _head(self, node: Bin, hops: int) -> str:
        """What a formatted or joined text starts with."""
        start = self.of(node.left, hops + 1)
        is_at_part = start == LiteralV("") or text(start).startswith("%s")
        if is_at_part and node.op == "%" and isinstance(parts := self._scope.exprs[node.right], Seq):
            start = self.of(parts.items[0], hops + 1)
        return text(start).partition("%")[0].partition("{")[0]

    def made(self, _node: Expr, _hops: int) -> Constant:
        return PRESENT

    def _defined(self, defs: tuple[int, ...], hops: int) -> Constant | None:
        if self._is_bound_elsewhere(defs):
            return None
        made = [self._scope.defs[number] for number in defs]
        alive = [d.value for d in made if self._is_dead is None or not self._is_dead(d.region)]
        return common([self.of(value, hops + 1) for value in alive])

    def _is_bound_elsewhere(self, defs: tuple[int, ...]) -> bool:
        gid, index = self._frame.gid, self._inference.index
        return gid in index.rebound and any((gid, self._scope.defs[n].name) in index.rebinds for n in defs)

    def var(self, node: Var, hops: int) -> Constant | None:
        """That a name is never None which its module binds, or what a function around this one was given for it."""
        index = self._inference.index
        owner = index.local(self._frame.gid, node.scope)
        scope = index.scope(owner)
        numbers = scope.names.get(node.name, ())
        made = scope.defs[numbers[0]].value if len(numbers) == 1 else NONE
        if made == NONE or not self._stays_filled(owner, node.name, made, hops):
            return None
        if scope.kind == "module":  # which constant it is may be meant to be changed
            known = Constants(self._inference, self._inference.plain_frame(owner)).of(made, hops + 1)
        else:
            value = scope.exprs[made]
            if not isinstance(value, Param):
                return Constants(self._inference, index.around(owner, self._frame)).of(made, hops + 1)
            known = self._inference.binding.given(self._frame, value.index, owner)
            if known == LiteralV(None):
                return known
        return None if known is None or known == LiteralV(None) else PRESENT

    def _stays_filled(self, owner: int, name: str, made: int, hops: int) -> bool:
        """Whether no function empties a variable of the module: each that binds it anew gives it something."""
        sites = self._inference.index.rebinds.get((owner, name), ())
        if not sites:
            return True
        if len(sites) > _MOST_REBINDS or self._inference.index.scope(owner).kind != "module":
            return False
        frame = self._inference.plain_frame(owner)
        node = frame.scope.exprs[made]
        is_declared = isinstance(node, Declared) and self._inference.annotations.is_class(frame, node.annotation)
        return all(self._fills(site.gid, site.expr, Var(owner, name), is_declared, hops + 1) for site in sites)

    def _fills(self, gid: int, expr: int, variable: Var, is_declared: bool, hops: int) -> bool:
        """Whether what a function binds is not None: something, what was there before, or what a class declares."""
        index = self._inference.index
        if expr == NONE:
            return False
        node = index.scope(gid).exprs[behind_names(index.scope(gid), expr)]
        if isinstance(node, Var) and Var(index.local(gid, node.scope), node.name) == variable:
            return True
        known = Constants(self._inference, self._inference.plain_frame(gid)).of(expr, hops)
        return is_declared if known is None else known != LiteralV(None)

    def choice(self, node: Choice, hops: int) -> Constant | None:
        truth = self._truth(node.test, hops + 1) if node.test != NONE else None
        if truth is not None:
            return self.of(node.items[not truth], hops + 1)
        left, right = (self.of(item, hops + 1) for item in node.items)
        if node.test != NONE:
            return common([left, right])
        if isinstance(left, LiteralV):
            return left if left.value else right
        if right is None or right == LiteralV(None):
            return None
        return common([*self._true_values(node.items[0], left, hops), right]) or PRESENT

    def _true_values(self, expr: int, known: Constant | None, hops: int) -> list[Constant | None]:
        """What the left side of `given or default` may be where it is what the whole gives."""
        node = self._scope.exprs[expr]
        if text(known) or not isinstance(node, (Use, Phi)) or self._is_bound_elsewhere(node.defs):
            return [known]
        values = [self.of(self._scope.defs[number].value, hops + 1) for number in node.defs]
        return [one for one in values if not isinstance(one, LiteralV) or one.value]

    def _truth(self, expr: int, hops: int) -> bool | None:
        """Whether the test of `a if test else b` holds."""
        node = self._scope.exprs[expr]
        if isinstance(node, Bin) and node.op == "not":
            inner = self._truth(node.left, hops + 1) if hops <= _DEEPEST else None
            return None if inner is None else not inner
        if isinstance(node, Bin) and node.op in ("is", "is not") and self._scope.exprs[node.right] == Lit(None):
            known = self.of(node.left, hops + 1)
            return None if known is None else (known == LiteralV(None)) is (node.op == "is")
        known = self.of(expr, hops + 1)
        return bool(known.value) if isinstance(known, LiteralV) else None

    def _parameter(self, index: int) -> Constant | None:
        given = self._inference.binding.given(self._frame, index)
        if given is not None:
            return given
        parameter = self._inference.index.scope(self._frame.gid).params[index]
        if parameter.annotation == NONE:
            return None
        outer = self._inference.binding.outer(self._frame)
        if parameter.default != NONE and self._inference.index.scope(outer.gid).exprs[parameter.default] == Lit(None):
            return None  # `name: str = None`
        return PRESENT if self._inference.annotations.is_plain(outer, parameter.annotation) else None

    def _member(self, node: Attr) -> LiteralV | None:
        """A member of an enumeration of the project: `Mode.FAST`."""
        if not isinstance(self._scope.exprs[node.base], (Use, Var, Free, Attr)):
            return None
        for value in self._inference.type(self._frame, node.base):
            if type(value) is ClassV and self.is_enum(value.gid):
                found = self._inference.index.scope(value.gid).names.get(node.name)
                return LiteralV(node.name, value.gid) if found else None
        return None

    def is_enum(self, gid: int) -> bool:
        """Whether a class is an enumeration."""
        return any(self._inference.classes.derives_from(gid, name) for name in ENUMS)

    def _of_member(self, node: Attr, hops: int) -> LiteralV | None:
        """The text of a member of an enumeration: `Mode.FAST.value`."""
        base = self.of(node.base, hops + 1) if node.name == "value" else None
        return self.member_text(base) if isinstance(base, LiteralV) and base.of != NONE else None

    def member_text(self, member: LiteralV) -> LiteralV | None:
        """The text that a class gives a member, if it is one."""
        scope = self._inference.index.scope(member.of)
        values = [scope.exprs[scope.defs[number].value] for number in scope.names.get(str(member.value), ())]
        only = values[0] if len(values) == 1 else None
        return LiteralV(only.value) if isinstance(only, Lit) and isinstance(only.value, str) else None

    def _attribute(self, node: Attr, hops: int) -> Constant | None:
        """What the constructor of a known instance stored, if nothing else stores it."""
        owners = self._inference.type(self._frame, node.base)
        owner = owners[0] if len(owners) == 1 else None
        sites = self._inference.classes.stored(owner.gid, node.name) if isinstance(owner, InstanceV) else []
        left = self._inference.left_out.of(owner, node.name) if isinstance(owner, InstanceV) else None
        if not isinstance(owner, InstanceV) or left is not None or len(sites) != 1:
            return left
        made_in = self._inference.classes.frame_of(sites[0].gid, owner)
        if not made_in.bound or self._inference.classes.stored_outside(owner, node.name):
            return None
        classes = self._inference.classes
        value = Constants(self._inference, made_in).of(sites[0].expr, hops + 1)
        if not isinstance(classes.member(owner.gid, node.name)[1], int) or not classes.may_pass_by(sites[0]):
            return value
        before = self._inference.class_constants.written(owner.gid, node.name)
        return common([value, before]) if classes.is_stored(owner, sites[0]) else before

    def holds_keyword(self, expr: int, name: str) -> bool | None:
        """Whether `**kwargs` holds a name that the function asks for; None if that is not known."""
        number, asked = self._inference.asked.asked_keywords(self._frame.gid)
        if name not in asked or not is_parameter(self._scope, expr, number):
            return None
        known = self._inference.binding.keywords(self._frame, number)
        return None if known is None else name in known.names

    def _keyword(self, node: Call, hops: int) -> Constant | None:
        """What `kwargs.get("name", default)` gives where the caller gives no such name, `REGISTRY.get(key)` nobody."""
        func = self._scope.exprs[node.func]
        if type(func) is not Attr or func.name not in ("get", "pop") or not node.args:
            return None
        names = strings(self._scope, node.args[0])
        if len(names) != 1 or self.holds_keyword(func.base, names[0]) is not False:
            if func.name != "get" or not self.is_empty_container(func.base):
                return None
        return self.of(node.args[1], hops + 1) if len(node.args) > 1 else LiteralV(None)

    def _as_text(self, node: Call, hops: int) -> Constant | None:
        """`str(url)`: a text as it is, and the address of an HTTP API."""
        if len(node.args) != 1 or ExternalV("builtins.str") not in self._inference.type(self._frame, node.func):
            return None
        if self._is_address(node.args[0]):
            return PresentV("http")
        known = self.of(node.args[0], hops + 1)
        return known if text(known) else None

    def _is_address(self, expr: int) -> bool:
        """Whether an expression is the address of an HTTP API, or such an address with another path."""
        node = self._scope.exprs[expr]
        if isinstance(node, Attr) and node.name == "url" and self._is_one_of(node.base, _ADDRESSED):
            return True
        if self._inference.type(self._frame, expr):
            return self._is_one_of(expr, _ADDRESSES)
        func = self._scope.exprs[node.func] if isinstance(node, Call) else None
        return isinstance(func, Attr) and func.name == "copy_with" and self._is_address(func.base)

    def _is_one_of(self, expr: int, names: frozenset[str]) -> bool:
        kind = self._inference.type(self._frame, expr)
        return bool(kind) and all(isinstance(value, ExtInstanceV) and value.name in names for value in kind)

    def _changed(self, node: Call, hops: int) -> Constant | None:
        """What a text starts with after methods that leave its beginning alone: `url.rstrip("/")`."""
        func = self._scope.exprs[node.func]
        if not isinstance(func, Attr) or func.name not in ("rstrip", "removesuffix", "replace") or not node.args:
            return None
        start, given = text(self.of(func.base, hops + 1)), strings(self._scope, node.args[0])
        if not start or len(given) != 1:
            return None
        if func.name == "replace":
            return PresentV(start) if not any(_meet(start[at:], given[0]) for at in range(len(start))) else None
        kept = start.rstrip(given[0]) if func.name == "rstrip" else start.removesuffix(given[0])
        return PresentV(kept) if kept else None

    def _returned(self, node: Call, is_awaited: bool = False) -> Constant | None:
        """What functions of the project give that always give the same: `def supports_async(self): return True`."""
        called = self._inference.type(self._frame, node.func)
        return common([self._inference.calls.constant(value, is_awaited) for value in called])

    def _constructs(self, node: Call) -> bool:
        called = self._inference.type(self._frame, node.func)
        return bool(called) and all(type(value) is ClassV for value in called)

    def _constructs_of_library(self, node: Call) -> bool:
        """Whether a call gives an instance of the very thing that it calls: `httpx.AsyncClient()`."""
        called = self._inference.type(self._frame, node.func)
        if len(called) != 1 or type(called[0]) is not ExternalV:
            return False
        if self._inference.libraries.type(called[0].name) is None:
            return False
        made = self._inference.calls.result(self._frame, node)
        return len(made) == 1 and type(made[0]) is ExtInstanceV and made[0].name == called[0].name


_RULES: dict[type, Callable[[Constants, Any, int], Constant | None]] = {
    Lit: Constants.literal,
    Use: Constants.use,
    Var: Constants.var,
    Phi: Constants.use,
    Declared: Constants.declared,
    Narrow: Constants.narrow,
    Param: Constants.param,
    Enter: Constants.enter,
    Choice: Constants.choice,
    Attr: Constants.attr,
    Call: Constants.call,
    Await: Constants.awaited,
    Opaque: Constants.opaque,
    Bin: Constants.bin,
    **dict.fromkeys((Seq, Map, Comp, Func, Cls), Constants.made),
}


def text(known: Constant | None) -> str:
    """What a value starts with, as far as that is known; empty for no text, too."""
    if isinstance(known, LiteralV):
        return known.value if isinstance(known.value, str) and known.of == NONE else ""
    return known.prefix if known is not None else ""


def _meet(one: str, other: str) -> bool:
    """Whether one text is the beginning of the other."""
    return one.startswith(other) or other.startswith(one)


def common(found: list[Constant | None]) -> Constant | None:
    """What all of several possibilities have in common."""
    if len(found) == 1:
        return found[0]
    if not found or None in found:
        return None
    if all(one == found[0] for one in found):
        return found[0]
    if any(one == LiteralV(None) for one in found):
        return None
    return PresentV(commonprefix([text(one) for one in found]))  # noqa: RUF071 - texts, not paths
