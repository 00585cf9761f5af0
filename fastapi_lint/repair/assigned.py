"""Which names has a piece of code given a value for sure when it ends, and which does it read before that?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import libcst as cst

from fastapi_lint.repair.names import names_inside
from fastapi_lint.repair.opened import OpenedFile


class Assigned:
    """Walks through statements in order. `lets_out` says of a `with` that no exception ends in it.

    `None` in the place of a set of names says that the end is never reached.
    """

    def __init__(self, opened: OpenedFile, bound: frozenset[str], lets_out: Callable[[cst.With], bool]) -> None:
        self._opened = opened
        self._bound = bound
        self._lets_out = lets_out
        self.exposed: set[str] = set()

    def of(self, statement: cst.BaseStatement) -> frozenset[str]:
        """What is assigned when a statement ends; fills `exposed` with what it may read from before."""
        return frozenset(self._statement(statement, set()) or ())

    def _suite(self, suite: cst.BaseSuite, done: set[str]) -> set[str] | None:
        left: set[str] | None = set(done)
        lines: Sequence[cst.CSTNode] = suite.body
        if isinstance(suite, cst.SimpleStatementSuite):
            lines = [cst.SimpleStatementLine(suite.body)]
        for line in lines:
            if left is None:
                return None
            left = self._statement(line, left)
        return left

    def _statement(self, node: cst.CSTNode, done: set[str]) -> set[str] | None:
        if isinstance(node, cst.SimpleStatementLine):
            return self._line(node, done)
        if isinstance(node, cst.If):
            self._reads([node.test], done)
            behind = done if node.orelse is None else self._else(node.orelse, done)
            return _both(self._suite(node.body, done), behind)
        if isinstance(node, (cst.For, cst.While)):
            self._loop(node, done)
            return done
        if isinstance(node, cst.With):
            return self._with(node, done)
        if isinstance(node, (cst.Try, cst.TryStar)):
            return self._try(node, done)
        self._reads([node], done)
        return done

    def _else(self, node: cst.If | cst.Else, done: set[str]) -> set[str] | None:
        return self._statement(node, done) if isinstance(node, cst.If) else self._suite(node.body, done)

    def _line(self, line: cst.SimpleStatementLine, done: set[str]) -> set[str] | None:
        done = set(done)
        for part in line.body:
            if isinstance(part, cst.Assign):
                self._reads([part.value], done)
                for each in part.targets:
                    done |= self._targets(each.target, done)
            elif isinstance(part, cst.AnnAssign):
                self._reads([part.value] if part.value is not None else [], done)
                done |= self._targets(part.target, done) if part.value is not None else set()
            else:
                self._reads([part], done)
            if isinstance(part, (cst.Return, cst.Raise, cst.Break, cst.Continue)):
                return None
        return done

    def _loop(self, node: cst.For | cst.While, done: set[str]) -> None:
        inner = set(done)
        if isinstance(node, cst.For):
            self._reads([node.iter], done)
            inner |= self._targets(node.target, done)
        else:
            self._reads([node.test], done)
        self._suite(node.body, inner)
        if node.orelse is not None:
            self._suite(node.orelse.body, done)

    def _with(self, node: cst.With, done: set[str]) -> set[str] | None:
        entered = set(done)
        for item in node.items:
            self._reads([item.item], entered)
            if item.asname is not None:
                entered |= self._targets(item.asname.name, entered)
        left = self._suite(node.body, entered)
        return left if self._lets_out(node) else entered

    def _try(self, node: cst.Try | cst.TryStar, done: set[str]) -> set[str] | None:
        left = self._suite(node.body, done)
        if node.orelse is not None and left is not None:
            left = self._suite(node.orelse.body, left)
        for handler in node.handlers:
            self._reads([handler.type] if handler.type is not None else [], done)
            name = handler.name.name if handler.name is not None else None
            caught = {name.value} if isinstance(name, cst.Name) else set()
            ended = self._suite(handler.body, done | caught)
            left = _both(left, None if ended is None else ended - caught)
        if node.finalbody is None:
            return left
        final = self._suite(node.finalbody.body, done)
        return None if left is None or final is None else left | final

    def _targets(self, target: cst.BaseExpression, done: set[str]) -> set[str]:
        """The names that a target binds; what else stands in it is read."""
        if isinstance(target, cst.Name):
            return {target.value}
        if isinstance(target, (cst.Tuple, cst.List)):
            found: set[str] = set()
            for element in target.elements:
                found |= self._targets(element.value, done)
            return found
        self._reads([target], done)
        return set()

    def _reads(self, nodes: Iterable[cst.CSTNode], done: set[str]) -> None:
        for node in nodes:
            for name in names_inside(self._opened, node):
                if name.value in self._bound and name.value not in done:
                    self.exposed.add(name.value)


def _both(one: set[str] | None, other: set[str] | None) -> set[str] | None:
    """What is assigned where two ways meet."""
    if one is None or other is None:
        return other if one is None else one
    return one & other
