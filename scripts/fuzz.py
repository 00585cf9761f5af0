#!/usr/bin/env python3
"""Lints and fixes what the test cases become when pieces of them are dropped, doubled and exchanged.

    scripts/fuzz.py [--seed N] [--count N] [--save DIR] [FILE...]

Nothing may crash, and what the fixes give must compile. Without files all cases of `tests/fixtures` are taken; a case
of several files is mutated file by file. Mutants that fail are written to DIR. Exit code 1 if any failed.
"""

from __future__ import annotations

import argparse
import ast
import copy
import random
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent

from fastapi_lint.config import load_settings  # noqa: E402 - the script runs from anywhere
from fastapi_lint.engine import CheckRequest, fix  # noqa: E402


class Mutator:
    """Makes mutants of one module; the same `chance` makes the same mutants."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._ways: tuple[Callable[[ast.Module], None], ...] = (
            self._arguments,
            self._arguments,
            self._expression,
            self._expression,
            self._expression,
            self._statement,
            self._signature,
            self._class,
        )

    def mutant(self, tree: ast.Module) -> str | None:
        """Source with one to six changes, or None where they do not fit together."""
        changed = copy.deepcopy(tree)
        for _ in range(self._chance.randint(1, 6)):
            self._chance.choice(self._ways)(changed)
        try:
            source = ast.unparse(ast.fix_missing_locations(changed))
            compile(source, "mutant", "exec", dont_inherit=True)
        except (SyntaxError, ValueError, TypeError, AttributeError, RecursionError):
            return None
        return source

    def _pick(self, tree: ast.Module, *kinds: type[ast.AST]) -> ast.AST | None:
        found = [node for node in ast.walk(tree) if isinstance(node, kinds)]
        return self._chance.choice(found) if found else None

    def _arguments(self, tree: ast.Module) -> None:
        call = self._pick(tree, ast.Call)
        if not isinstance(call, ast.Call):
            return
        way = self._chance.randrange(6)
        if way == 0:
            call.args = call.args[1:]
        elif way == 1:
            call.args, call.keywords = [], []
        elif way == 2:
            call.args = [ast.Starred(ast.Name("args"))]
        elif way == 3:
            call.keywords = [ast.keyword(None, ast.Name("kwargs"))]
        elif way == 4 and call.args:
            call.keywords, call.args = [*call.keywords, ast.keyword("key", call.args[-1])], call.args[:-1]
        else:
            call.args = [*call.args, ast.Constant(None)]

    def _expression(self, tree: ast.Module) -> None:
        """Puts some expression of the module in the place of another."""
        new = self._pick(tree, ast.expr)
        holder = self._pick(tree, ast.expr, ast.stmt, ast.keyword, ast.comprehension, ast.withitem, ast.arguments)
        if new is None or holder is None:
            return
        slots = [name for name, value in ast.iter_fields(holder) if isinstance(value, ast.expr)]
        lists = [name for name, value in ast.iter_fields(holder) if isinstance(value, list) and value]
        lists = [name for name in lists if all(isinstance(item, ast.expr) for item in getattr(holder, name))]
        if not slots and not lists:
            return
        name = self._chance.choice(slots + lists)
        new = copy.deepcopy(new)
        if name in slots:
            setattr(holder, name, new)
        else:
            items = getattr(holder, name)
            items[self._chance.randrange(len(items))] = new

    def _statement(self, tree: ast.Module) -> None:
        holder = self._pick(tree, ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.If, ast.Try, ast.With, ast.For)
        body = getattr(holder, "body", None)
        if not body:
            return
        at, way = self._chance.randrange(len(body)), self._chance.randrange(4)
        if way == 0:
            del body[at]
            body += [] if body else [ast.Pass()]
        elif way == 1:
            body.insert(at, copy.deepcopy(self._chance.choice(body)))
        elif way == 2:
            self._chance.shuffle(body)
        else:
            stranger = self._pick(tree, ast.stmt)
            if stranger is not None:
                body.insert(at, copy.deepcopy(stranger))

    def _signature(self, tree: ast.Module) -> None:
        function = self._pick(tree, ast.FunctionDef, ast.AsyncFunctionDef)
        if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return
        way, given = self._chance.randrange(6), function.args
        if way == 0:
            given.args, given.defaults = given.args[1:], []
        elif way == 1:
            given.vararg, given.kwarg = ast.arg("args"), ast.arg("kwargs")
        elif way == 2:
            given.kwonlyargs += given.args[1:]
            given.kw_defaults += [None] * len(given.args[1:])
            given.args, given.defaults = given.args[:1], []
        elif way == 3:
            function.decorator_list = function.decorator_list[1:]
        elif way == 4:
            function.returns = None
            for argument in given.args:
                argument.annotation = None
        else:
            function.name = self._chance.choice(["__init__", "get", "__enter__", "__call__", "__getattr__", "main"])

    def _class(self, tree: ast.Module) -> None:
        owner = self._pick(tree, ast.ClassDef)
        if not isinstance(owner, ast.ClassDef):
            return
        way = self._chance.randrange(3)
        if way == 0:
            owner.bases = []
        elif way == 1:
            owner.bases = [*owner.bases, ast.Name(owner.name)]
        else:
            owner.body = [*owner.body, copy.deepcopy(self._chance.choice(tree.body))]


def failure(source: str) -> str | None:
    """What goes wrong with a module, or None."""
    name = REPOSITORY / "__mutant__" / "mutant.py"
    overrides = {"select": ["ALL"], "exclude": [], "cache": False}
    settings = load_settings([], name.parent, isolated=True, overrides=overrides)
    request = CheckRequest((), settings, name.parent, (str(name), source.encode()))
    repaired = fix(request, True)
    if repaired.result.internal_errors:
        return repaired.result.internal_errors[0]
    for changed in repaired.changes:
        try:
            compile(changed.after, changed.filename, "exec", dont_inherit=True)
        except SyntaxError as error:
            return f"the fixed mutant does not compile: {error}"
    return None


def modules(paths: list[Path]) -> Iterator[tuple[Path, ast.Module]]:
    """The files that this Python can parse."""
    for path in paths:
        try:
            yield path, ast.parse(path.read_bytes())
        except (SyntaxError, ValueError):
            continue


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=2000, help="how many mutants (2000)")
    parser.add_argument("--save", type=Path, help="where mutants that fail are written")
    parser.add_argument("files", nargs="*", type=Path)
    options = parser.parse_args()
    warnings.simplefilter("ignore", SyntaxWarning)
    chance = random.Random(options.seed)
    known = list(modules(options.files or sorted((REPOSITORY / "tests" / "fixtures").rglob("*.py"))))
    mutator, failed, seen = Mutator(chance), 0, set[str]()
    for number in range(options.count):
        path, tree = chance.choice(known)
        source = mutator.mutant(tree)
        found = failure(source) if source is not None else None
        if found is None or source is None:
            continue
        failed += 1
        last = found.strip().splitlines()
        if last[-3:][0] in seen:
            continue
        seen.add(last[-3:][0])
        print(f"mutant {number} of {path}: {found}", file=sys.stderr)
        if options.save is not None:
            options.save.mkdir(parents=True, exist_ok=True)
            (options.save / f"mutant_{options.seed}_{number}.py").write_text(source, encoding="utf-8")
    print(f"{options.count} mutants, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
