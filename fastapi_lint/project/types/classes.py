"""First-party classes: bases, method resolution order, members, attributes that methods set, implementations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from fastapi_lint.facts import NONE, Declared, Lit
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.index import Index, Site
from fastapi_lint.project.code.regions import may_be_passed, within
from fastapi_lint.project.flow.dead_branches import dead_regions
from fastapi_lint.project.types.values import (
    ClassV,
    ExternalV,
    ExtInstanceV,
    ExtMemberV,
    FunctionV,
    InstanceV,
    LiteralV,
    MethodV,
    PropertyV,
    Type,
    Value,
    WrappedV,
    union,
)

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

Ancestor = int | str
"""An entry of a method resolution order: the gid of a first-party class or the name of a library's."""

PLAIN_BASES = frozenset({"abc.ABC", "builtins.object", "typing.Generic", "typing.Protocol"})
"""The library's classes that give those derived from them neither attributes nor a constructor."""
_WITHOUT_LENGTH = PLAIN_BASES | {"pydantic.BaseModel", "pydantic_settings.BaseSettings"}


class Classes:
    """Questions about classes; answers are kept."""

    def __init__(self, index: Index, inference: Inference) -> None:
        self._index = index
        self._inference = inference
        self._mro: dict[int, tuple[Ancestor, ...]] = {}
        self._unordered = 0
        self._members: dict[tuple[int, str, int], tuple[Type, Ancestor | None]] = {}
        self._stores: dict[int, dict[str, list[Site]]] = {}
        self._regions: dict[Site, int] = {}
        self._outside: dict[tuple[int, tuple[int, int] | None, str], list[Site]] = {}
        self._subclasses: dict[int, list[int]] | None = None
        self._asked: set[Frame] = set()

    def mro(self, gid: int) -> tuple[Ancestor, ...]:
        """The class, then its bases, nearest first, each once. Library classes appear by name."""
        known = self._mro.get(gid)
        if known is not None:
            return known
        self._mro[gid] = (gid,)  # a class that inherits from itself ends here
        self._unordered += 1
        try:
            self._mro[gid] = self._order(gid)
        finally:
            self._unordered -= 1
        return self._mro[gid]

    def _order(self, gid: int) -> tuple[Ancestor, ...]:
        chains: list[tuple[Ancestor, ...]] = []
        frame = self._inference.plain_frame(self._index.parent(gid))
        for base in self._index.scope(gid).bases:
            for value in self._inference.type(frame, base):
                if isinstance(value, ClassV):
                    chains.append(self.mro(value.gid))
                elif isinstance(value, ExternalV):
                    chains.append((value.name,))
        order: dict[Ancestor, None] = {gid: None}
        for entry in _linearize(chains):
            order[entry] = None
        return tuple(order)

    @property
    def is_ordering(self) -> bool:
        """Whether the bases of a class are being found, or what its constructor excludes."""
        return bool(self._unordered or self._asked)

    def external_bases(self, gid: int) -> list[str]:
        return [entry for entry in self.mro(gid) if type(entry) is str]

    def is_always_true(self, gid: int) -> bool:
        """Whether each instance is true: neither the class nor any base says when it would not be."""
        for entry in self.mro(gid):
            if isinstance(entry, str):
                if entry not in _WITHOUT_LENGTH:
                    return False
                continue
            scope, frame = self._index.scope(entry), self._inference.plain_frame(self._index.parent(entry))
            if "__bool__" in scope.names or "__len__" in scope.names:
                return False
            if not all(self._inference.type(frame, base) for base in scope.bases):
                return False
        return True

    def is_subclass(self, gid: int, base: Ancestor) -> bool:
        return base in self.mro(gid)

    def derives_from(self, gid: int, name: str) -> bool:
        """Whether a library class is among the bases, directly or through a catalogued base of its own."""
        catalogue = self._inference.libraries.catalogue
        return any(catalogue.is_subtype(base, name) for base in self.external_bases(gid))

    def member(self, gid: int, name: str, after: int = NONE) -> tuple[Type, Ancestor | None]:
        """The class attribute `name` and the class that has it; `after` starts the search behind a class (`super`)."""
        key = (gid, name, after)
        known = self._members.get(key)
        if known is not None:
            return known
        found, is_settled = self._inference.apart(lambda: self._member(gid, name, after))
        if is_settled and not self._inference.is_cut_short:
            self._members[key] = found
        return found

    def _member(self, gid: int, name: str, after: int) -> tuple[Type, Ancestor | None]:
        order = self.mro(gid)
        if after != NONE and after in order:
            order = order[order.index(after) + 1 :]
        for entry in order:
            if isinstance(entry, str):
                if self._library_has(entry, name):
                    return (ExtMemberV(entry, name),), entry
                continue
            scope = self._index.scope(entry)
            numbers = scope.names.get(name)
            if numbers:
                frame = self._index.frame(entry)
                return union(self._inference.type(frame, scope.defs[n].value) for n in numbers), entry
        for entry in order:
            if isinstance(entry, str) and entry != "builtins.object":
                return (ExtMemberV(entry, name),), entry
        return (), None

    def _library_has(self, base: str, name: str) -> bool:
        catalogue = self._inference.libraries.catalogue
        if catalogue.method(base, name) is not None:
            return True
        return any(name in kind.attributes for kind in catalogue.mro(base))

    def find_method(self, gid: int, name: str) -> FunctionV | None:
        """The first-party function that `instance.name()` runs, or None."""
        for value in self.member(gid, name)[0]:
            if type(value) is FunctionV:
                return value
            if type(value) is WrappedV or type(value) is PropertyV:
                return value.function
        return None

    # -- attributes

    def attribute(self, receiver: InstanceV, name: str) -> Type:
        """`instance.name`: properties and methods of the class first, then what methods store."""
        members, owner = self.member(receiver.gid, name)
        if any((type(value) is FunctionV or type(value) is PropertyV or type(value) is WrappedV) for value in members):
            return self.bind(members, receiver)
        stored = self._inference.contents.refined(receiver.gid, name, self._filled(receiver, name))
        if stored == (LiteralV(None),):
            outside = [site for site in self.stored_outside(receiver, name) if site.expr != NONE]
            stored = union(self._inference.type(self._inference.plain_frame(s.gid), s.expr) for s in outside)
        if isinstance(owner, int):
            return union([stored, self.bind(members, receiver)])
        return stored or self.bind(members, receiver)

    def _filled(self, receiver: InstanceV, name: str) -> Type:
        """What methods store: a declaration with None says no more than the instances that are filled in later."""
        sites = self.stored(receiver.gid, name)
        declared = [site for site in sites if self._is_declared_empty(site)]
        given = [site for site in sites if site not in declared]
        kinds = {site: self._stored(receiver, site) for site in sites}
        stored = union(kinds[site] for site in sites)
        if not declared or not given or len(stored) < 2 or not self._is_all_seen(receiver, name, given, kinds):
            return stored
        filled = union(kinds[site] for site in given)
        refined = self._inference.annotations.refine(union(kinds[site] for site in declared), filled)
        return union([refined, filled])  # also what the declaration does not allow

    def _is_declared_empty(self, site: Site) -> bool:
        """Whether a statement says what an attribute may hold, and leaves it empty: `self.a: Agent | None = None`."""
        exprs = self._index.scope(site.gid).exprs
        node = exprs[site.expr]
        return isinstance(node, Declared) and node.value != NONE and exprs[node.value] == Lit(None)

    def _is_all_seen(self, receiver: InstanceV, name: str, given: list[Site], kinds: dict[Site, Type]) -> bool:
        """Whether all that an attribute may ever hold is known: nobody else stores anything there."""
        if any(not kinds[site] and not self._is_none(site) for site in given) or self.stored_outside(receiver, name):
            return False
        below = (site for gid in self.subclasses(receiver.gid) for site in self._stores_of(gid).get(name, ()))
        return all(self._is_none(site) for site in below)

    def _is_none(self, site: Site) -> bool:
        return self._index.scope(site.gid).exprs[site.expr] == Lit(None)

    def _stored(self, receiver: InstanceV, site: Site) -> Type:
        """What a method stores, unless that stands in a branch that what the constructor was given excludes."""
        if not self.is_stored(receiver, site):
            return ()
        return self._inference.type(self.frame_of(site.gid, receiver), site.expr)

    def is_stored(self, receiver: InstanceV, site: Site) -> bool:
        """Whether what the constructor was given leaves it possible that the statement runs."""
        frame = self.frame_of(site.gid, receiver)
        region = self._regions[site]
        if not frame.bound or not region or frame in self._asked:
            return True  # what depends on itself is not known
        self._asked.add(frame)
        try:
            return not within(frame.scope, region, dead_regions(self._inference, frame))
        finally:
            self._asked.remove(frame)

    def may_pass_by(self, site: Site) -> bool:
        """Whether a method may run without coming by a statement that stores something."""
        return bool(may_be_passed(self._index.scope(site.gid), self._regions[site]))

    def region_of(self, site: Site) -> int:
        """In which region of its method a statement stores something."""
        return self._regions[site]

    def frame_of(self, gid: int, receiver: InstanceV) -> Frame:
        """A method as it ran for an instance: its constructor with the arguments that are known."""
        given = tuple(bound for bound in receiver.given if bound[0] == gid)
        if not given and self._index.scope(gid).name == "__init__":
            given = self._inference.constructions.inherited(receiver.gid, gid)
        return self._index.frame(gid, receiver, given)

    def stored(self, gid: int, name: str) -> list[Site]:
        """Where methods of the class and of its bases assign `self.name`, with the assigned expression."""
        found: list[Site] = []
        for entry in self.mro(gid):
            if type(entry) is int and (sites := self._stores_of(entry).get(name)):
                found += sites
        return found

    def stored_outside(self, owner: InstanceV, name: str) -> list[Site]:
        """The values that other code stores in the attribute of what may be this instance."""
        key = (owner.gid, owner.site, name)
        known = self._outside.get(key)
        if known is None:
            found, is_settled = self._inference.apart(lambda: self._stored_outside(owner, name))
            if is_settled:
                self._outside[key] = found
            return found
        return known

    def _stored_outside(self, owner: InstanceV, name: str) -> list[Site]:
        return [
            Site(base.gid, value)
            for base, value in self._index.attribute_stores(name)
            for other in self._inference.type(self._inference.plain_frame(base.gid), base.expr)
            if isinstance(other, InstanceV) and self._may_be(other, owner)
        ]

    def _may_be(self, one: InstanceV, other: InstanceV) -> bool:
        if one.site is not None and other.site is not None and one.site != other.site:
            return False
        return self.is_subclass(one.gid, other.gid) or self.is_subclass(other.gid, one.gid)

    def _stores_of(self, gid: int) -> dict[str, list[Site]]:
        table = self._stores.get(gid)
        if table is None:
            table = self._stores[gid] = {}
            for method in self._index.inside(gid):
                if self._index.scope(method).kind == "function":
                    for event in self._index.stores(method):
                        if event.value != NONE:
                            site = Site(method, event.value)
                            table.setdefault(event.name, []).append(site)
                            self._regions[site] = event.region
        return table

    def bind(self, members: Type, receiver: InstanceV | ClassV) -> Type:
        """What looking up class attributes on an instance or a class gives."""
        return union(self._bind_one(value, receiver) for value in members)

    def _bind_one(self, value: Value, receiver: InstanceV | ClassV) -> Type:
        on_class = type(receiver) is ClassV
        if type(value) is FunctionV:
            return (value,) if on_class else (MethodV(value, receiver),)
        if type(value) is WrappedV:
            if value.how == "static":
                return (value.function,)
            if value.how == "class":
                return (MethodV(value.function, ClassV(receiver.gid)),)
            if on_class:
                return (value,)
            return (WrappedV(msgspec.structs.replace(value.function, receiver=receiver), value.how),)
        if type(value) is PropertyV:
            if on_class:
                return (value,)
            return self._inference.calls.returned(self._index.frame(value.function.gid, receiver, value.function.bound))
        if type(value) is ExtMemberV:
            return self._inherited(value, receiver)
        return (value,)

    def _inherited(self, value: ExtMemberV, receiver: InstanceV | ClassV) -> Type:
        libraries = self._inference.libraries
        declared = libraries.member(ExtInstanceV(value.name), value.path)
        if declared and not isinstance(declared[0], ExtMemberV):
            return declared
        return (ExtMemberV(value.name, value.path, receiver),)

    def are_others(self, kinds: Type, owner: int) -> bool:
        """Whether objects of these kinds are sure to have no method of class `owner`: none is of a class with it.

        A class below both, a mixin's, has the methods of both.
        """
        family = {owner, *self.subclasses(owner)}
        return bool(kinds) and all(
            (isinstance(kind, InstanceV) and family.isdisjoint((kind.gid, *self.subclasses(kind.gid))))
            or (isinstance(kind, ExtInstanceV) and not any(self.derives_from(one, kind.name) for one in family))
            for kind in kinds
        )

    # -- implementations

    def subclasses(self, gid: int) -> list[int]:
        """Every first-party class below this one."""
        if self._subclasses is None:
            self._subclasses = {}
            for other, scope in enumerate(self._index.scopes):
                if scope.kind == "class":
                    for entry in self.mro(other)[1:]:
                        if isinstance(entry, int):
                            self._subclasses.setdefault(entry, []).append(other)
        return self._subclasses.get(gid, [])

    def implementations(self, gid: int, name: str, caller: int = NONE) -> list[tuple[FunctionV, int]]:
        """The methods `name` that subclasses put in place of an abstract one, each with its class.

        `caller` is a method that the classes must have as well.
        """
        found: list[tuple[FunctionV, int]] = []
        seen: set[int] = set()
        for subclass in self.subclasses(gid):
            function = self.find_method(subclass, name)
            if function is None or function.gid in seen or self._inference.decorators.is_abstract(function.gid):
                continue
            if self._inference.never_used.holds(subclass) or self._inference.unfinished.holds(function.gid):
                continue
            if caller != NONE and self._has_another(subclass, caller):
                continue
            seen.add(function.gid)
            found.append((function, subclass))
        return found

    def _has_another(self, gid: int, method: int) -> bool:
        """Whether a class has another method in the place of one."""
        found = self.find_method(gid, self._index.scope(method).name)
        return found is not None and found.gid != method

    def init_fields(self, gid: int) -> list[tuple[str, int]]:
        """Declared class attributes in order, as a dataclass or pydantic model takes them: (name, declaring class)."""
        fields: dict[str, int] = {}
        for entry in reversed(self.mro(gid)):
            if isinstance(entry, int):
                scope = self._index.scope(entry)
                for definition in scope.defs:
                    fields.setdefault(definition.name, entry)
        return list(fields.items())


def _linearize(chains: list[tuple[Ancestor, ...]]) -> list[Ancestor]:
    """C3 where it works out, depth first otherwise."""
    todo = [list(chain) for chain in chains] + [[chain[0] for chain in chains]]
    order: list[Ancestor] = []
    while any(todo):
        todo = [chain for chain in todo if chain]
        for chain in todo:
            head = chain[0]
            if not any(head in other[1:] for other in todo):
                break
        else:
            return order + [entry for chain in todo for entry in chain]
        order.append(head)
        for chain in todo:
            if chain[0] == head:
                del chain[0]
    return order
