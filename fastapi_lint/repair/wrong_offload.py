"""An offload that was given the wrong thing: a result instead of a function, or a coroutine function."""

from __future__ import annotations

import libcst as cst

from fastapi_lint.diagnostic import Applicability, Fix
from fastapi_lint.facts import Call
from fastapi_lint.project import Project, WrongOffload
from fastapi_lint.repair.imports import Imports
from fastapi_lint.repair.legality import may_await
from fastapi_lint.repair.names import binding_scope, names_inside
from fastapi_lint.repair.opened import Change, OpenedFile

# How many arguments come before the function, and whether keywords are handed on to it.
_SHAPES = {
    "asyncio.to_thread": (0, True),
    "fastapi.concurrency.run_in_threadpool": (0, True),
    "starlette.concurrency.run_in_threadpool": (0, True),
    "concurrent.futures.Executor.submit": (0, True),
    "concurrent.futures.ThreadPoolExecutor.submit": (0, True),
    "concurrent.futures.ProcessPoolExecutor.submit": (0, True),
    "anyio.to_thread.run_sync": (0, False),
    "trio.to_thread.run_sync": (0, False),
    "asyncio.AbstractEventLoop.run_in_executor": (1, False),
}
_AWAITABLE = frozenset(
    {
        "asyncio.to_thread",
        "fastapi.concurrency.run_in_threadpool",
        "starlette.concurrency.run_in_threadpool",
        "anyio.to_thread.run_sync",
        "trio.to_thread.run_sync",
    }
)

_READERS = frozenset(
    {"bool", "dict", "float", "int", "len", "list", "max", "min", "print", "repr", "set", "str", "sum"}
)


class WrongOffloads:
    """Repairs of FAL113 and FAL114."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def eager(self, opened: OpenedFile, wrong: WrongOffload) -> Fix | None:
        """`to_thread(f(x))` becomes `to_thread(f, x)`."""
        node = opened.at(wrong.spot.place, cst.Call)
        shape = _SHAPES.get(wrong.api)
        if node is None or shape is None or len(node.args) != shape[0] + 1:
            return None
        given = node.args[shape[0]]
        inner = given.value
        if given.keyword is not None or given.star or not isinstance(inner, cst.Call) or inner.lpar:
            return None
        keywords = [arg for arg in inner.args if arg.keyword is not None or arg.star == "**"]
        if (keywords and not shape[1]) or any(arg.keyword and arg.keyword.value == "func" for arg in keywords):
            return None
        if self._is_coroutine(wrong) or _is_bare_generator(inner):
            return None
        opening = opened.text.index("(", opened.outer_end(inner.func))
        end = opened.end(inner)
        first = opened.start(inner.args[0]) if inner.args else end - 1
        changes = [Change(opening, opening + 1, _separator(opened.text[opening + 1 : first], bool(inner.args)))]
        last = inner.args[-1] if inner.args else None
        if last is not None and isinstance(last.comma, cst.Comma):
            comma = opened.text.index(",", opened.end(last))
            changes.append(Change(comma, comma + 1, ""))
        changes.append(Change(end - 1, end, ""))
        return opened.fix(Applicability.UNSAFE, "pass the function and its arguments separately", changes)

    def _is_coroutine(self, wrong: WrongOffload) -> bool:
        """Whether the inner call makes a coroutine: then a thread is no place for it at all."""
        node = self._project.index.scope(wrong.frame.gid).exprs[wrong.expr]
        scope = self._project.index.scope(wrong.frame.gid)
        for arg in node.args if isinstance(node, Call) else ():
            inner = scope.exprs[arg]
            if isinstance(inner, Call):
                callees = self._project.inference.calls.callees(wrong.frame, inner)
                if any(callee.mode != "runs" for callee in callees):
                    return True
        return False

    def coroutine(self, opened: OpenedFile, imports: Imports, wrong: WrongOffload) -> Fix | None:
        """`await to_thread(f, x)` becomes `await f(x)`."""
        node = opened.at(wrong.spot.place, cst.Call)
        if node is None or wrong.api not in _AWAITABLE or not node.args:
            return None
        function = node.args[0]
        if function.star or function.keyword is not None or not isinstance(function.value, (cst.Name, cst.Attribute)):
            return None
        has_keywords = any(arg.keyword is not None or arg.star == "**" for arg in node.args)
        if has_keywords and not _SHAPES[wrong.api][1]:
            return None
        parent = opened.parent(node)
        before = ""
        if isinstance(parent, cst.Expr):
            if not may_await(opened, node):
                return None
            before = "await "
        elif isinstance(parent, cst.Await) and not self._is_result_unused(opened, parent):
            return None
        changes = self._called(opened, node, function, before)
        changes += imports.unused_without(names_inside(opened, node.func))
        return opened.fix(Applicability.SAFE, "`await` the coroutine function itself", changes)

    def _called(self, opened: OpenedFile, node: cst.Call, function: cst.Arg, before: str) -> list[Change]:
        """Takes the offload away around the function and its arguments."""
        func = function.value
        end = opened.outer_end(func)
        head = Change(opened.start(node), opened.outer_start(func), before)
        if len(node.args) == 1:
            return [head, Change(end, opened.end(node), "()")]
        comma = opened.text.index(",", end)
        following = opened.text[comma + 1 : opened.start(node.args[1])]
        skip = len(following) - len(following.lstrip(" \t"))
        return [head, Change(end, comma + 1 + skip, "(")]

    def _is_read_by_builtin(self, opened: OpenedFile, arg: cst.Arg) -> bool:
        """Whether a value goes to `str()` or the like, which can do nothing good with a coroutine."""
        call = opened.parent(arg)
        func = call.func if isinstance(call, cst.Call) else None
        return isinstance(func, cst.Name) and func.value in _READERS and binding_scope(opened, func.value, func) is None

    def _is_result_unused(self, opened: OpenedFile, node: cst.Await) -> bool:
        """Whether nobody takes the coroutine that comes out of the thread and awaits that."""
        parent = opened.parent(node)
        if isinstance(parent, cst.Await):
            return False
        if isinstance(parent, (cst.Expr, cst.Comparison, cst.ComparisonTarget, cst.BinaryOperation)):
            return True
        if isinstance(parent, cst.Arg) and self._is_read_by_builtin(opened, parent):
            return True
        function = opened.function_around(node)
        if isinstance(parent, cst.Assign) and function is not None and len(parent.targets) == 1:
            target = parent.targets[0].target
            if isinstance(target, cst.Name):
                return not _is_awaited_later(opened, function, target.value)
        return isinstance(parent, cst.Return) and function is not None and bool(function.decorators)


def _is_awaited_later(opened: OpenedFile, function: cst.FunctionDef, name: str) -> bool:
    """Whether a variable is awaited, handed on or returned: then it may well be meant to hold a coroutine."""
    for part in opened.inside(function.body):
        if isinstance(part, cst.Name) and part.value == name:
            parent = opened.parent(part)
            if isinstance(parent, (cst.Await, cst.Arg)):
                return True
    return False


def _separator(gap: str, has_arguments: bool) -> str:
    if not has_arguments:
        return ""
    return "," if gap[:1].isspace() else ", "


def _is_bare_generator(node: cst.Call) -> bool:
    return len(node.args) == 1 and isinstance(node.args[0].value, cst.GeneratorExp) and not node.args[0].value.lpar
