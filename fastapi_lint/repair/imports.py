"""Imports as text edits: under which name is a library visible, a new import in its place, unused ones gone."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst
import msgspec

from fastapi_lint.extract.statements import dotted
from fastapi_lint.facts import Attr, Import
from fastapi_lint.project import Project
from fastapi_lint.project.code.modules import Module
from fastapi_lint.project.types.values import ModuleV
from fastapi_lint.repair.names import (
    Scope,
    binding_scope,
    comprehension_names,
    is_mentioned_in_text,
    names_inside,
    references,
)
from fastapi_lint.repair.opened import Change, OpenedFile
from fastapi_lint.repair.placing import place_import

_Alias = cst.Import | cst.ImportFrom


class Visible(msgspec.Struct, frozen=True):
    """How to spell a library's function at a place, and the changes that make it so."""

    text: str
    changes: tuple[Change, ...] = ()


class Bound(msgspec.Struct, frozen=True):
    """A name that an import statement binds: to `module`, or to its `member`."""

    name: str
    module: str
    member: str | None
    alias: cst.ImportAlias
    statement: _Alias


def imports_of(opened: OpenedFile) -> Iterator[Bound]:
    """Every name that an absolute import of the file binds."""
    for statement in opened.nodes:
        if isinstance(statement, cst.Import):
            for alias in statement.names:
                name = dotted(alias.name)
                asname = _asname(alias)
                yield Bound(asname or name.partition(".")[0], name, None, alias, statement)
        elif isinstance(statement, cst.ImportFrom) and not isinstance(statement.names, cst.ImportStar):
            if statement.relative or statement.module is None:
                continue
            for alias in statement.names:
                member = dotted(alias.name)
                yield Bound(_asname(alias) or member, dotted(statement.module), member, alias, statement)


def _asname(alias: cst.ImportAlias) -> str | None:
    name = alias.asname.name if alias.asname is not None else None
    return name.value if isinstance(name, cst.Name) else None


class Imports:
    """The imports of one file of the project."""

    def __init__(self, project: Project, opened: OpenedFile) -> None:
        self._project = project
        self._opened = opened
        self._bound = list(imports_of(opened))

    # -- what is visible

    def visible(self, module: str, path: str, node: cst.CSTNode) -> str | None:
        """How `module.path` is spelled at `node` with the imports that are there; None where it cannot be."""
        member, _, rest = path.partition(".")
        for bound in self._bound:
            if bound.module == module and bound.member == member and self._reaches(bound, node):
                return f"{bound.name}.{rest}" if rest else bound.name
        for bound in self._bound:
            if bound.member is None and bound.module == module and self._reaches(bound, node):
                return f"{module if _asname(bound.alias) is None else bound.name}.{path}"
        return None

    def _reaches(self, bound: Bound, node: cst.CSTNode) -> bool:
        """Whether the name means this import, and nothing else, at `node`."""
        if bound.name in comprehension_names(self._opened, node):
            return False
        if self._is_deleted(bound.name):
            return False
        scope = binding_scope(self._opened, bound.name, node)
        if scope is None or binding_scope(self._opened, bound.name, bound.statement) is not scope:
            return False
        line = self._opened.parent(bound.statement)
        home = self._opened.parent(line) if line is not None else None
        if isinstance(scope, cst.Module):
            return home is scope and self._is_settled(bound)
        if not isinstance(scope, cst.FunctionDef) or home is not scope.body:
            return False
        others = [
            ref
            for ref in references(self._opened, bound.name, scope)
            if isinstance(self._opened.parent(ref), (cst.AssignTarget, cst.AugAssign, cst.For, cst.NamedExpr))
        ]
        is_param = bound.name in {param.name.value for param in scope.params.params}
        same = [other for other in self._bound if other.name == bound.name]
        before = self._opened.end(bound.statement) <= self._opened.start(node)
        return before and not others and not is_param and len(same) == 1

    def _is_deleted(self, name: str) -> bool:
        """Whether a `del` anywhere in the file takes the name away: where it is then gone is left open."""
        deleted = (node.target for node in self._opened.nodes if isinstance(node, cst.Del))
        return any(ref.value == name for target in deleted for ref in names_inside(self._opened, target))

    def _is_settled(self, bound: Bound) -> bool:
        """Whether nothing else in the module ever gives this name another meaning."""
        module = self._module
        if module is None:
            return False
        scope = module.facts.scopes[0]
        if self._project.index.rebinds.get((module.base, bound.name)):
            return False
        numbers = scope.names.get(bound.name, ())
        whole = bound.member is None and _asname(bound.alias) is None
        wanted = Import(bound.name if whole else bound.module, bound.member, 0)
        return bool(numbers) and all(scope.exprs[scope.defs[number].value] == wanted for number in numbers)

    @property
    def _module(self) -> Module | None:
        return next((m for m in self._project.index.modules if m.path == self._opened.key), None)

    # -- what is added

    def need(self, module: str, path: str, node: cst.CSTNode, whole: bool = True) -> Visible | None:
        """`module.path` at `node`, imported if need be: the `whole` module, or only the member.

        None where a name is taken, by whatever scope around the place, or where the project has a module of the
        library's name.
        """
        text = self.visible(module, path, node)
        if text is not None:
            return Visible(text)
        member, _, rest = path.partition(".")
        name = module.split(".", maxsplit=1)[0] if whole else member
        if not self._is_free(name, module, node):
            return None
        change = place_import(self._opened, module, None if whole else member, self._is_first_party)
        if change is None:
            return None
        spelled = f"{module}.{path}" if whole else f"{member}.{rest}" if rest else member
        return Visible(spelled, (change,))

    def _is_free(self, name: str, module: str, node: cst.CSTNode) -> bool:
        if self._is_first_party(module) or name in comprehension_names(self._opened, node):
            return False
        scope = binding_scope(self._opened, name, node)
        if scope is None:
            # a class body or function elsewhere may bind the name for itself
            return name not in self._opened.names.scopes[id(self._opened.tree)].bound
        if not isinstance(scope, cst.Module):
            return False
        same = [bound for bound in self._bound if bound.name == name]
        return bool(same) and all(self._is_for_types(bound) and bound.module == module for bound in same)

    def _is_for_types(self, bound: Bound) -> bool:
        """Whether an import stands under `if TYPE_CHECKING:`."""
        for _, parent in self._opened.ancestors(bound.statement):
            if isinstance(parent, cst.If):
                test = parent.test
                name = test.attr.value if isinstance(test, cst.Attribute) else getattr(test, "value", "")
                return name == "TYPE_CHECKING"
        return False

    def _is_first_party(self, module: str) -> bool:
        own = self._module
        return own is not None and self._project.index.table.absolute(own, module.partition(".")[0]) is not None

    # -- what is removed

    def unused_without(self, dropped: list[cst.Name], added: tuple[Change, ...] = ()) -> list[Change]:
        """What removes the imports that nothing uses once these names are gone; `added` are the new ones."""
        changes: list[Change] = []
        gone = {id(name) for name in dropped}
        for name in {node.value: node for node in dropped}.values():
            scope = binding_scope(self._opened, name.value, name)
            if scope is None:
                continue
            left = [ref for ref in references(self._opened, name.value, scope) if id(ref) not in gone]
            if not left and not self._is_wanted_elsewhere(name.value, scope):
                changes += self._removal(name.value, scope, added)
        return changes

    def _is_wanted_elsewhere(self, name: str, scope: Scope) -> bool:
        """Whether a string names it or another module takes it from here."""
        if is_mentioned_in_text(self._opened, name):
            return True
        own = self._module
        if own is None or not isinstance(scope, cst.Module):
            return own is None
        index = self._project.index
        for module in index.modules:
            if module is own:
                continue
            for star in module.facts.star_imports:
                if self._means(module, star.module, star.level) is own:
                    return True
            for part in module.facts.scopes:
                for expr in part.exprs:
                    if isinstance(expr, Import) and expr.name == name:
                        if self._means(module, expr.module, expr.level) is own:
                            return True
        return self._is_attribute_elsewhere(own, name)

    def _is_attribute_elsewhere(self, own: Module, name: str) -> bool:
        index, inference = self._project.index, self._project.inference
        for gid in range(index.count):
            for expr in index.scope(gid).exprs:
                if isinstance(expr, Attr) and expr.name == name and index.module(gid) is not own:
                    if ModuleV(own.key) in inference.type(inference.plain_frame(gid), expr.base):
                        return True
        return False

    def _means(self, module: Module, name: str, level: int) -> Module | None:
        table = self._project.index.table
        key = table.relative(module, name, level) if level else table.absolute(module, name)
        return table.by_key.get(key) if key is not None else None

    def _removal(self, name: str, scope: Scope, added: tuple[Change, ...]) -> list[Change]:
        bound = [b for b in self._bound if b.name == name and binding_scope(self._opened, name, b.statement) is scope]
        if len(bound) != 1 or "noqa" in self._opened.line(self._opened.row(self._opened.start(bound[0].statement))):
            return []
        statement = bound[0].statement
        line = self._opened.parent(statement)
        home = self._opened.parent(line) if line is not None else None
        body = scope.body if isinstance(scope, cst.FunctionDef) else scope
        if (
            not isinstance(line, cst.SimpleStatementLine)
            or home is not body
            or isinstance(statement.names, cst.ImportStar)
        ):
            return []
        if len(statement.names) > 1:
            return [self._alias_removal(bound[0].alias, list(statement.names))]
        if len(line.body) > 1:
            return [self._statement_removal(statement, line)]
        if isinstance(home, cst.IndentedBlock) and len(home.body) == 1:
            return []
        first = self._opened.row(self._opened.start(statement))
        last = self._opened.row(self._opened.end(statement))
        start, end = self._opened.line_start(first), self._opened.line_start(last + 1)
        comment = self._opened.text.find("#", self._opened.end(statement), end)
        if comment >= 0:
            return [Change(start, comment, self._opened.indent(start))]
        if not any(start <= change.start <= end for change in added):
            end = self._opened.line_start(self._behind_blank_lines(first, last))
        return [Change(start, end, "")]

    def _statement_removal(self, statement: _Alias, line: cst.SimpleStatementLine) -> Change:
        """One of several statements on a line goes with its semicolon."""
        number = next(n for n, other in enumerate(line.body) if other is statement)
        if number + 1 < len(line.body):
            return Change(self._opened.start(statement), self._opened.start(line.body[number + 1]), "")
        return Change(self._opened.end(line.body[number - 1]), self._opened.end(statement), "")

    def _behind_blank_lines(self, first: int, last: int) -> int:
        """The row that follows rows which go, and the blank ones behind them where others stand before them."""
        count = len(self._opened.source.lines)
        row = last + 1
        if first == 1 or not self._opened.line(first - 1).strip():
            while row < count and not self._opened.line(row).strip():
                row += 1
        return row

    def _alias_removal(self, alias: cst.ImportAlias, aliases: list[cst.ImportAlias]) -> Change:
        number = next(n for n, other in enumerate(aliases) if other is alias)
        if number + 1 < len(aliases):
            return Change(self._opened.start(alias), self._opened.start(aliases[number + 1]), "")
        return Change(self._opened.end(aliases[number - 1]), self._opened.end(alias), "")
