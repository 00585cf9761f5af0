"""Follows a dotted name through re-exports, aliases, inheritance and annotations to what defines it.

A name may have several definitions: a stub and a source, branches for versions, members of a union. All are tried in
order, the firm ones before the opaque ones.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from catalogue_verification.archives import View
from catalogue_verification.entities import COROUTINES, best, firm, last_name, may_be_property
from catalogue_verification.tables import (
    Class,
    Entity,
    Entry,
    Function,
    FunctionNode,
    Import,
    Module,
    Opaque,
    Scope,
    Table,
    Value,
    scan,
    scan_module,
)

Key = tuple[object, object]
_SAME_TYPE = {"Optional", "Union", "ClassVar", "Final", "Required", "NotRequired", "ReadOnly", "Type", "type"}
# Bases that add nothing.
_MARKERS = {"Generic", "Protocol", "NamedTuple", "TypedDict"}
_DYNAMIC = {"__getattr__", "__getattribute__"}


class Resolver:
    def __init__(self, view: View) -> None:
        self._view = view
        self._tables: dict[str, Table | None] = {}
        self._members: dict[ast.ClassDef, Table] = {}
        self._own: dict[ast.ClassDef, dict[str, list[Entry]]] = {}
        self._insides: dict[FunctionNode, Scope] = {}
        self._answers: dict[Key, tuple[Entity, ...]] = {}
        self._active: set[Key] = set()
        self._cut: set[Key] = set()

    # -- names

    def find(self, qualified: str) -> Entity | None:
        return best(self.candidates(qualified))

    def candidates(self, qualified: str) -> Iterator[Entity]:
        root, *rest = qualified.split(".")
        if not rest:
            yield from self.global_("builtins", root)
        if self._view.exists(root):
            yield from self.walk(Module(root), rest)

    def walk(self, start: Entity, path: list[str]) -> Iterator[Entity]:
        """Whatever the dotted path may lead to."""
        if not path or isinstance(start, Opaque):
            yield start
            return
        for entity in self.step(start, path[0]):
            yield from self.walk(entity, path[1:])

    def step(self, entity: Entity, name: str) -> Iterator[Entity]:
        if isinstance(entity, Opaque):
            yield entity
        elif isinstance(entity, Module):
            yield from self.global_(entity.name, name)
        elif isinstance(entity, Class):
            yield from self.member(entity, name)
        elif isinstance(entity, Value) or may_be_property(entity.node):
            yield from self._step_instance(entity, name)

    def _step_instance(self, entity: Value | Function, name: str) -> Iterator[Entity]:
        known = False
        for kind in self.instances(entity):
            known = True
            yield from self.step(kind, name)
        if not known:
            yield Opaque("the source does not say of what type an attribute on the way is")

    def _guarded(self, key: Key, search: Callable[[], Iterator[Entity]]) -> Iterator[Entity]:
        """Each question is answered once. Definitions may go in circles: who asks again on the way gets no answer, and
        what was answered on the way of others is kept only when no circle was cut short for it.
        """
        if key in self._answers:
            return iter(self._answers[key])
        if key in self._active:
            self._cut.add(key)
            return iter(())
        outer, self._cut = self._cut, set()
        self._active.add(key)
        found = tuple(dict.fromkeys(search()))
        answer = tuple(firm(found)) or found
        self._active.discard(key)
        self._cut.discard(key)
        if not self._cut:
            self._answers[key] = answer
        self._cut |= outer
        return iter(answer)

    def global_(self, module: str, name: str) -> Iterator[Entity]:
        return self._guarded((module, name), lambda: self._global(module, name))

    def _global(self, module: str, name: str) -> Iterator[Entity]:
        table = self.table(module)
        if table is not None:
            for entry in table.names.get(name, ()):
                yield from self._follow(entry)
            for star in table.stars:
                yield from self.global_(star, name)
        if self._view.exists(f"{module}.{name}"):
            yield Module(f"{module}.{name}")
        if table is not None:
            for target, member in table.lazy.get(name, ()):
                yield from self.global_(target, member)
            if table.reason is not None and name != "__getattr__":
                yield Opaque(table.reason)

    def _follow(self, entry: Entry) -> Iterator[Entity]:
        if isinstance(entry, Value):
            if entry.annotation is None and isinstance(entry.value, ast.Name | ast.Attribute):
                yield from self.expression(entry.value, entry.scope)
            yield entry
        elif not isinstance(entry, Import):
            yield entry
        elif not self._view.exists(entry.module):
            yield Opaque(f"comes from `{entry.module}`, which was not looked at")
        elif entry.name is None:
            yield Module(entry.module)
        else:
            yield from self.global_(entry.module, entry.name)

    def table(self, module: str) -> Table | None:
        if module not in self._tables:
            files = self._view.files(module)
            table = Table() if files else None
            self._tables[module] = table
            for archive, name in files if table is not None else ():
                package = module if "/__init__." in f"/{name}" else module.rpartition(".")[0]
                self._read(
                    archive.read(name) if name.endswith((".py", ".pyi")) else None, Scope(module, package), table
                )
        return self._tables[module]

    def _read(self, text: str | None, scope: Scope, table: Table | None) -> None:
        assert table is not None
        if text is None:
            if not table.names:
                table.reason = f"`{scope.module}` is compiled and has no stub"
            return
        try:
            scan_module(ast.parse(text), text, scope, table)
        except SyntaxError:
            table.reason = f"`{scope.module}` is no Python that this version reads"

    # -- members

    def member(self, kind: Class, name: str) -> Iterator[Entity]:
        return self._guarded((kind.node, name), lambda: self._member(kind, name))

    def _member(self, kind: Class, name: str) -> Iterator[Entity]:
        body = self.body(kind)
        for entry in (*body.names.get(name, ()), *self._attached(kind, name)):
            yield from self._follow(entry)
        for entry in self.assigned(kind).get(name, ()):
            yield from self._follow(entry)
        for base in kind.node.bases:
            yield from self._inherited(base, kind, name)
        for keyword in kind.node.keywords:
            if keyword.arg == "metaclass":  # its `__getattr__` is about classes, not about instances
                yield from firm(self._inherited(keyword.value, kind, name))
        if not kind.node.bases and kind.node.name != "object":
            for root in self.global_("builtins", "object"):
                yield from self.step(root, name)
        if not name.startswith("__") and kind.node.name != "object" and _DYNAMIC & set(body.names):
            yield Opaque(f"made by `__getattr__` of class `{kind.node.name}`")

    def _inherited(self, base: ast.expr, kind: Class, name: str) -> Iterator[Entity]:
        known = last_name(base.value if isinstance(base, ast.Subscript) else base) in _MARKERS
        for entity in self.annotation(base, kind.scope):
            known = True
            if isinstance(entity, Class | Opaque):
                yield from self.step(entity, name)
        if not known:
            yield Opaque(f"inherited from `{ast.unparse(base)}`, of which the source says nothing")

    def _attached(self, kind: Class, name: str) -> Iterable[Entry]:
        table = self.table(kind.scope.module)
        return table.attached.get((kind.node.name, name), ()) if table is not None else ()

    def body(self, kind: Class) -> Table:
        if kind.node not in self._members:
            table = Table()
            scope = Scope(kind.scope.module, kind.scope.package, table, kind.scope, kind)
            scan(kind.node.body, scope, table)
            self._members[kind.node] = table
        return self._members[kind.node]

    def assigned(self, kind: Class) -> dict[str, list[Entry]]:
        """What methods assign to `self`."""
        if kind.node not in self._own:
            found: dict[str, list[Entry]] = {}
            for entries in self.body(kind).names.values():
                for entry in entries:
                    if isinstance(entry, Function):
                        self._assigned_in(entry, found)
            self._own[kind.node] = found
        return self._own[kind.node]

    def _assigned_in(self, method: Function, found: dict[str, list[Entry]]) -> None:
        scope: Scope | None = None
        for node in ast.walk(method.node):
            targets = node.targets if isinstance(node, ast.Assign) else []
            if isinstance(node, ast.AnnAssign):
                targets = [node.target]
            for target in targets:
                if (
                    isinstance(target, ast.Attribute)
                    and isinstance(target.value, ast.Name)
                    and target.value.id == "self"
                ):
                    scope = scope or self.inside(method)
                    annotation = node.annotation if isinstance(node, ast.AnnAssign) else None
                    value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
                    found.setdefault(target.attr, []).append(Value(annotation, value, scope))

    def public_members(self, kind: Class) -> list[str]:
        """What `*` may stand for, inherited or not."""
        names = dict.fromkeys([*self.body(kind).names, *self.assigned(kind)])
        for base in kind.node.bases:
            for entity in self.annotation(base, kind.scope):
                if isinstance(entity, Class) and entity.node is not kind.node:
                    names |= dict.fromkeys(self.public_members(entity))
        return [name for name in names if not name.startswith("_")]

    def made_at_run_time(self, entity: Entity) -> Iterator[Opaque]:
        """The reason why a class has whatever member is asked for."""
        for answer in self.step(entity, "any_name"):
            if isinstance(answer, Opaque):
                yield answer

    # -- types

    def instances(self, entity: Entity) -> Iterator[Entity]:
        """The types of what the entity gives: a class itself, what a function returns, the type of a value."""
        if isinstance(entity, Class | Module | Opaque):
            yield entity
        else:
            yield from self._guarded(("type", entity), lambda: self._instances(entity))

    def _instances(self, entity: Value | Function) -> Iterator[Entity]:
        if isinstance(entity, Value):
            if entity.annotation is not None:
                yield from self.annotation(entity.annotation, entity.scope)
            if entity.value is not None:
                yield from self.inferred(entity.value, entity.scope)
            return
        if entity.node.returns is not None:
            yield from self.annotation(entity.node.returns, self.inside(entity))
        inside = self.inside(entity)
        for node in ast.walk(entity.node):
            if isinstance(node, ast.Return) and node.value is not None:
                yield from self.inferred(node.value, inside)

    def inside(self, function: Function) -> Scope:
        if function.node in self._insides:
            return self._insides[function.node]
        table = Table()
        scope = Scope(function.scope.module, function.scope.package, table, function.scope, function.scope.owner)
        self._insides[function.node] = scope
        arguments = function.node.args
        for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            if argument.arg in ("self", "cls") and scope.owner is not None:
                table.add(argument.arg, scope.owner)
            elif argument.annotation is not None:
                table.add(argument.arg, Value(argument.annotation, None, scope))
        scan(function.node.body, scope, table)
        return scope

    def inferred(self, node: ast.expr, scope: Scope) -> Iterator[Entity]:
        """The types of what an expression evaluates to."""
        if isinstance(node, ast.BoolOp):
            for value in node.values:
                yield from self.inferred(value, scope)
        elif isinstance(node, ast.IfExp):
            yield from self.inferred(node.body, scope)
            yield from self.inferred(node.orelse, scope)
        elif isinstance(node, ast.Await):
            yield from self.inferred(node.value, scope)
        elif isinstance(node, ast.Call):
            if last_name(node) == "cast" and node.args:
                yield from self.annotation(node.args[0], scope)
            if last_name(node) == "type" and len(node.args) == 3:
                yield from self._bases_of_type_call(node, scope)
                return
            for entity in self.expression(node.func, scope):
                yield from self.instances(entity)
        elif isinstance(node, ast.Name | ast.Attribute):
            for entity in self.expression(node, scope):
                yield from self.instances(entity)

    def _bases_of_type_call(self, node: ast.Call, scope: Scope) -> Iterator[Entity]:
        """`type(name, (Base,), {...})`: at least what the bases have."""
        bases = node.args[1]
        for base in bases.elts if isinstance(bases, ast.Tuple) else ():
            yield from self.annotation(base, scope)

    def expression(self, node: ast.expr, scope: Scope) -> Iterator[Entity]:
        """What a dotted expression names."""
        if isinstance(node, ast.Name):
            yield from self._name(node.id, scope)
        elif isinstance(node, ast.Attribute):
            for entity in self.expression(node.value, scope):
                yield from self.step(entity, node.attr)
        elif isinstance(node, ast.Subscript):
            yield from self.expression(node.value, scope)
        elif isinstance(node, ast.Call):
            yield from self.inferred(node, scope)

    def _name(self, name: str, scope: Scope | None) -> Iterator[Entity]:
        module = scope.module if scope is not None else "builtins"
        while scope is not None:
            entries = scope.table.names.get(name) if scope.table is not None else None
            if entries:
                for entry in entries:
                    yield from self._guarded(("entry", entry), partial(self._follow, entry))
                return
            scope = scope.parent
        found = False
        for entity in self.global_(module, name):
            found = True
            yield entity
        if not found and module != "builtins":
            yield from self.global_("builtins", name)

    def annotation(self, node: ast.expr, scope: Scope) -> Iterator[Entity]:
        """The classes that a type expression (or a base of a class) allows."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                node = ast.parse(node.value.strip(), mode="eval").body
            except SyntaxError:
                return
        if isinstance(node, ast.BinOp):
            yield from self.annotation(node.left, scope)
            yield from self.annotation(node.right, scope)
        elif isinstance(node, ast.Subscript):
            head = last_name(node.value)
            parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            if head in _SAME_TYPE | {"Annotated"} | COROUTINES:
                for part in parts[:1] if head == "Annotated" else parts:
                    yield from self.annotation(part, scope)
            else:
                yield from self.annotation(node.value, scope)
        elif last_name(node) == "Self" and scope.owner is not None:
            yield scope.owner
        else:
            for entity in self.expression(node, scope):
                yield from self._aliased(entity)

    def _aliased(self, entity: Entity) -> Iterator[Entity]:
        """A name of a type may stand for another expression; a type variable for its bound."""
        if not isinstance(entity, Value):
            yield from () if isinstance(entity, Function) else (entity,)
            return
        value = entity.value
        if isinstance(value, ast.Call) and last_name(value) in ("TypeVar", "NewType"):
            bounds = [keyword.value for keyword in value.keywords if keyword.arg == "bound"] or value.args[1:]
            for bound in bounds:
                yield from self._guarded(("alias", bound), partial(self.annotation, bound, entity.scope))
        elif isinstance(value, ast.Call):
            yield from self._guarded(("alias", value), partial(self.inferred, value, entity.scope))
        elif value is not None:
            yield from self._guarded(("alias", value), partial(self.annotation, value, entity.scope))
