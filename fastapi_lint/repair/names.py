"""What does a name mean at a place of a file, who else uses it, and is it free?"""

from __future__ import annotations

import re
from collections.abc import Iterator

import libcst as cst

from fastapi_lint.repair.opened import Comprehension, OpenedFile

Scope = cst.Module | cst.FunctionDef | cst.ClassDef | cst.Lambda


def scopes_around(opened: OpenedFile, node: cst.CSTNode) -> Iterator[Scope]:
    """The scopes that a name is looked up in, innermost first; class bodies only count for what stands in them."""
    innermost = True
    for child, parent in opened.ancestors(node):
        if isinstance(parent, cst.Module):
            yield parent
        elif isinstance(parent, (cst.FunctionDef, cst.Lambda)) and child is parent.body:
            yield parent
            innermost = False
        elif isinstance(parent, cst.ClassDef) and child is parent.body:
            if innermost:
                yield parent
            innermost = False


def binding_scope(opened: OpenedFile, name: str, node: cst.CSTNode) -> Scope | None:
    """The scope whose variable `name` is, seen from `node`; None for builtins and gifts of star imports."""
    for scope in scopes_around(opened, node):
        names = opened.names.scopes.get(id(scope))
        if names is None:
            continue
        if name in names.globals:
            return opened.tree
        if name in names.bound:
            return scope
    return None


def comprehension_names(opened: OpenedFile, node: cst.CSTNode) -> set[str]:
    """The loop variables of the comprehensions around a node."""
    found: set[str] = set()
    for _, parent in opened.ancestors(node):
        if isinstance(parent, Comprehension):
            part: cst.CompFor | None = parent.for_in
            while part is not None:
                found |= {name.value for name in names_inside(opened, part.target)}
                part = part.inner_for_in
    return found


def names_inside(opened: OpenedFile, node: cst.CSTNode) -> list[cst.Name]:
    """Every variable in a piece of code."""
    return [part for part in opened.inside(node) if isinstance(part, cst.Name) and is_reference(opened, part)]


def is_reference(opened: OpenedFile, name: cst.Name) -> bool:
    """Whether a name stands for a variable, and is not an attribute, a keyword or part of an import."""
    parent = opened.parent(name)
    if isinstance(parent, cst.Attribute):
        return parent.value is name and not _in_import(opened, parent)
    if isinstance(parent, (cst.Arg, cst.MatchKeywordElement)):
        return getattr(parent, "keyword", getattr(parent, "key", None)) is not name
    if isinstance(parent, (cst.FunctionDef, cst.ClassDef, cst.Param)):
        return parent.name is not name
    return not isinstance(parent, (cst.ImportAlias, cst.AsName, cst.ImportFrom, cst.NameItem))


def _in_import(opened: OpenedFile, node: cst.CSTNode) -> bool:
    return any(isinstance(parent, (cst.ImportAlias, cst.ImportFrom)) for _, parent in opened.ancestors(node))


def references(opened: OpenedFile, name: str, scope: Scope) -> list[cst.Name]:
    """Every use of the variable `name` of this scope, in it and in the scopes inside of it."""
    return [
        node
        for node in opened.of(cst.Name)
        if node.value == name and is_reference(opened, node) and binding_scope(opened, name, node) is scope
    ]


def is_mentioned_in_text(opened: OpenedFile, name: str) -> bool:
    """Whether a string that may be read as code names it: an annotation, an entry of `__all__`, a type's argument."""
    word = re.compile(rf"(?<![\w.]){re.escape(name)}(?!\w)")
    texts = opened.of(cst.SimpleString)
    return any(word.search(node.raw_value) is not None and _may_be_code(opened, node) for node in texts)


def _may_be_code(opened: OpenedFile, node: cst.SimpleString) -> bool:
    for child, parent in opened.ancestors(node):
        if isinstance(parent, cst.Annotation):
            return True
        if isinstance(parent, (cst.Assign, cst.AugAssign, cst.AnnAssign)):
            target = parent.targets[0].target if isinstance(parent, cst.Assign) else parent.target
            return isinstance(target, cst.Name) and target.value == "__all__"
        if isinstance(parent, cst.Call) and isinstance(child, cst.Arg):
            func = parent.func
            called = func.attr.value if isinstance(func, cst.Attribute) else getattr(func, "value", "")
            return called in ("cast", "TypeVar", "ForwardRef", "NewType", "extend", "append")
        if isinstance(parent, cst.BaseStatement):
            return False
    return False


def used_names(opened: OpenedFile) -> frozenset[str]:
    """Every word that is a name anywhere in the file: what is not among them is free for a new function."""
    return frozenset(node.value for node in opened.of(cst.Name))


def fresh_name(opened: OpenedFile, wanted: str) -> str:
    """`wanted`, or the first `wanted_2`, `wanted_3`, ... that the file does not use."""
    taken = used_names(opened)
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}_{number}", number + 1
    return name
