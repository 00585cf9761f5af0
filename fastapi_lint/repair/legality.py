"""May an `await` stand here, and does it need parentheses?

The rules are those of the language reference (6.2.4 displays, 6.4 await expressions): inside of an `async def`, not in
a lambda, class body, default or decorator of something nested. In a generator expression it would make the generator
asynchronous, and in a comprehension that is nested in another one it is legal from Python 3.11 on only.
"""

from __future__ import annotations

import libcst as cst

from fastapi_lint.repair.opened import Comprehension, OpenedFile


def may_await(opened: OpenedFile, node: cst.CSTNode) -> bool:
    """Whether `await` before this expression is legal and awaits in the function that the expression is part of."""
    in_comprehension = False
    if _is_used_asynchronously(opened, node):
        return False
    for child, parent in opened.ancestors(node):
        if isinstance(parent, cst.FunctionDef):
            return child is parent.body and parent.asynchronous is not None
        if isinstance(parent, (cst.Lambda, cst.ClassDef, cst.Module, cst.Annotation, cst.Decorator)):
            return False
        if isinstance(parent, cst.TypeAlias):
            return False
        if isinstance(parent, cst.AugAssign) and parent.target is node:
            return False
        if isinstance(parent, cst.FormattedStringExpression) and parent.equal is not None:
            return False  # `{x=}` shows the code itself
        if isinstance(parent, (cst.ExceptHandler, cst.ExceptStarHandler)) and child is not parent.body:
            if not _is_last_handler(opened, parent):
                return False
        if isinstance(parent, Comprehension) and not _is_first_iterable(opened, node, parent):
            if isinstance(parent, cst.GeneratorExp) or in_comprehension:
                return False
            in_comprehension = True
    return False


def _is_last_handler(opened: OpenedFile, handler: cst.CSTNode) -> bool:
    """Whether no other `except` follows: a task that is cancelled again at the `await` would not get to it."""
    whole = opened.parent(handler)
    return isinstance(whole, (cst.Try, cst.TryStar)) and whole.handlers[-1] is handler


def _is_used_asynchronously(opened: OpenedFile, node: cst.CSTNode) -> bool:
    """Whether it is awaited, iterated or entered by `async` code: then it is no blocking call, whatever it seemed."""
    parent = opened.parent(node)
    if isinstance(parent, cst.Await):
        return True
    if isinstance(parent, (cst.For, cst.CompFor)):
        return parent.asynchronous is not None and parent.iter is node
    whole = opened.parent(parent) if isinstance(parent, cst.WithItem) else None
    return isinstance(whole, cst.With) and whole.asynchronous is not None


def _is_first_iterable(opened: OpenedFile, node: cst.CSTNode, comprehension: cst.BaseComp) -> bool:
    """Whether a node is part of what a comprehension iterates first: that is evaluated outside of it."""
    first = comprehension.for_in
    for child, parent in opened.ancestors(node):
        if parent is first:
            return child is first.iter
    return False


def needs_parentheses(opened: OpenedFile, node: cst.BaseExpression) -> bool:
    """Whether `await x` in the place of `node` needs parentheses: it binds looser than what follows a value."""
    if node.lpar:
        return False
    parent = opened.parent(node)
    if isinstance(parent, (cst.Attribute, cst.Subscript)):
        return parent.value is node
    return isinstance(parent, cst.Call) and parent.func is node


def awaited(opened: OpenedFile, node: cst.BaseExpression) -> tuple[str, str]:
    """What stands before and behind an expression that takes the place of `node` and is awaited."""
    return ("(await ", ")") if needs_parentheses(opened, node) else ("await ", "")
