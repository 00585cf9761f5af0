"""Does a function use what it makes in no way that others would notice if they used the same one?"""

from __future__ import annotations

import libcst as cst

from fastapi_lint.facts import Call
from fastapi_lint.project import Project
from fastapi_lint.project.resources.creations import Creation
from fastapi_lint.project.types.values import ExternalV
from fastapi_lint.repair.names import binding_scope, references
from fastapi_lint.repair.opened import OpenedFile

_ENDING = frozenset(
    {
        "aclose", "close", "close_all", "configure", "disconnect", "dispose", "flushall", "flushdb", "quit", "select",
        "shutdown", "terminate", "update_execution_options",
    }
)  # fmt: skip
_CHANGING = ("add_", "load_", "register", "remove_", "set_", "unregister", "update_")
"""How methods begin that change an object, if it is no client, whose methods are calls of the service."""
_COMPANIONS = {
    "sqlalchemy": frozenset({"sqlalchemy", "sqlmodel", "pandas"}),
    "sqlmodel": frozenset({"sqlalchemy", "sqlmodel", "pandas"}),
    "ssl": frozenset({"aiohttp", "ftplib", "http", "httpx", "imaplib", "requests", "smtplib", "urllib", "urllib3"}),
}
"""Libraries whose calls may be handed an object of a library, and neither close nor change it."""


class Sharing:
    """Looks at the code around a constructor call."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def is_harmless(self, opened: OpenedFile, creation: Creation, node: cst.Call) -> bool:
        """Whether all that becomes of the object is calls of its methods and hand-overs to its own library."""
        parent = opened.parent(node)
        target = _only_target(parent, node)
        if target is None:
            return self._is_harmless_use(opened, creation, node)
        scope = binding_scope(opened, target.value, target)
        if not isinstance(scope, cst.FunctionDef) or scope is not opened.function_around(node):
            return False
        names = opened.names.scopes.get(id(scope))
        if names is None or target.value in names.globals | names.nonlocals or _is_bound_else(opened, scope, target):
            return False
        uses = [name for name in references(opened, target.value, scope) if name is not target]
        return all(self._is_harmless_use(opened, creation, name) for name in uses)

    def _is_harmless_use(self, opened: OpenedFile, creation: Creation, node: cst.BaseExpression) -> bool:
        parent = opened.parent(node)
        if isinstance(parent, cst.Attribute) and parent.value is node:
            return self._is_harmless_access(opened, creation, parent)
        if isinstance(parent, cst.Arg):
            outer = opened.parent(parent)
            return (
                isinstance(outer, cst.Call) and outer.func is not node and self._is_companion(opened, creation, outer)
            )
        return isinstance(parent, cst.Call) and parent.func is node  # a session maker

    def _is_harmless_access(self, opened: OpenedFile, creation: Creation, node: cst.Attribute) -> bool:
        """A method call on the object, or on a part of it, such as `client.chat.completions.create()`."""
        depth = 1
        parent = opened.parent(node)
        while isinstance(parent, cst.Attribute) and parent.value is node:
            node, depth = parent, depth + 1
            parent = opened.parent(node)
        if not isinstance(parent, cst.Call) or parent.func is not node:
            return False
        name = node.attr.value
        is_client = creation.call.spec.creates == "sdk-client"
        if name in _ENDING or (name.startswith(_CHANGING) and not is_client) or "events" in _path(node):
            return False
        return is_client or depth == 1

    def _is_companion(self, opened: OpenedFile, creation: Creation, outer: cst.Call) -> bool:
        package = creation.call.name.partition(".")[0]
        allowed = _COMPANIONS.get(package, frozenset({package}))
        called = self._called(opened, creation, outer)
        return bool(called) and all(name.partition(".")[0] in allowed and ".event." not in name for name in called)

    def _called(self, opened: OpenedFile, creation: Creation, outer: cst.Call) -> list[str]:
        """The library functions and classes that a call of the same function may mean; none if it is any other."""
        inference = self._project.inference
        module = self._project.index.module(creation.frame.gid)
        place = opened.place(outer)
        for expr in self._project.index.scope(creation.frame.gid).exprs:
            if isinstance(expr, Call) and expr.place >= 0 and module.facts.places[expr.place] == place:
                kinds = inference.type(creation.frame, expr.func)
                names = [value.name for value in kinds if isinstance(value, ExternalV)]
                return names if len(names) == len(kinds) else []
        return []


def _only_target(parent: cst.CSTNode | None, node: cst.Call) -> cst.Name | None:
    """The one variable that an assignment gives the object to."""
    if isinstance(parent, cst.Assign) and parent.value is node and len(parent.targets) == 1:
        target = parent.targets[0].target
        return target if isinstance(target, cst.Name) else None
    if isinstance(parent, cst.AnnAssign) and parent.value is node and isinstance(parent.target, cst.Name):
        return parent.target
    return None


def _is_bound_else(opened: OpenedFile, scope: cst.FunctionDef, target: cst.Name) -> bool:
    """Whether anything else in the function gives the variable a value."""
    params = scope.params
    given = [*params.params, *params.posonly_params, *params.kwonly_params, params.star_arg, params.star_kwarg]
    if any(isinstance(param, cst.Param) and param.name.value == target.value for param in given):
        return True
    for node in opened.inside(scope):
        if isinstance(node, cst.AsName) and isinstance(node.name, cst.Name) and node.name.value == target.value:
            return True
        if isinstance(node, (cst.FunctionDef, cst.ClassDef)) and node.name.value == target.value:
            return True
    return False  # any other binding is a reference that is no harmless use


def _path(node: cst.Attribute) -> list[str]:
    names = []
    part: cst.BaseExpression = node
    while isinstance(part, cst.Attribute):
        names.append(part.attr.value)
        part = part.value
    return names
