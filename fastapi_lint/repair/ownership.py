"""Where does an object come from: is it this call's own, or do others hold it, too?"""

from __future__ import annotations

from fastapi_lint.facts import (
    NONE,
    Attr,
    Await,
    Bin,
    Call,
    Choice,
    Declared,
    Enter,
    EventKind,
    Expr,
    Iter,
    Narrow,
    Param,
    Phi,
    Sub,
    Unpack,
    Use,
    Var,
)
from fastapi_lint.project import Project
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.types.values import ExtInstanceV

_MOST_HOPS = 40
_INJECTED = frozenset({"route", "websocket", "dependency", "middleware", "exception-handler"})


class Ownership:
    """Answers for the expressions of a frame."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._index = project.index

    def roots(self, frame: Frame, expr: int) -> list[Expr]:
        """The expressions that an object is reached from: names of other scopes, parameters, or what makes it."""
        found: list[Expr] = []
        seen: set[int] = set()
        todo = [expr]
        scope = self._index.scope(frame.gid)
        while todo and len(seen) < _MOST_HOPS:
            number = todo.pop()
            if number == NONE or number in seen:
                continue
            seen.add(number)
            node = scope.exprs[number]
            if isinstance(node, (Use, Phi)):
                todo += [scope.defs[definition].value for definition in node.defs]
            elif isinstance(node, (Attr, Sub)):
                todo.append(node.base)
            elif isinstance(node, Call):
                if self._gives_part(frame, node):
                    todo.append(node.func)
                else:
                    found.append(node)
            elif isinstance(node, (Await, Enter, Iter, Narrow, Unpack, Declared)):
                todo.append(node.value)
            elif isinstance(node, Choice):
                todo += node.items
            elif isinstance(node, Bin):
                todo += [node.left, node.right]
            else:
                found.append(node)
        return found

    def is_own(self, frame: Frame, expr: int) -> bool:
        """Whether an object belongs to one run of the function: it was made there, or handed to it alone."""
        for root in self.roots(frame, expr):
            if isinstance(root, Var) and self.is_state(frame, root):
                return False
            if isinstance(root, Param) and not self._is_handed_over(frame, root):
                return False
            if isinstance(root, Call) and self._hands_out_shared(frame, root):
                return False
        return True

    def is_state(self, frame: Frame, node: Var) -> bool:
        """Whether a name of another scope holds an object, and is not merely a function, class or module."""
        owner = self._index.local(frame.gid, node.scope)
        scope = self._index.scope(owner)
        numbers = scope.names.get(node.name, ())
        kinds = {type(scope.exprs[scope.defs[number].value]).__name__ for number in numbers}
        return not kinds or not kinds <= {"Import", "Func", "Cls"}

    def _gives_part(self, frame: Frame, node: Call) -> bool:
        """Whether what a call gives hangs on the object it is made on: a cursor, a query, an item of a container.

        What a pool, an engine or a factory gives is new.
        """
        func = self._index.scope(frame.gid).exprs[node.func]
        if not isinstance(func, Attr):
            return False
        catalogue = self._project.inference.libraries.catalogue
        for value in self._project.inference.type(frame, func.base):
            if isinstance(value, ExtInstanceV):
                if value.name.startswith("builtins.") or catalogue.threads(value.name) is not None:
                    return True
        return False

    def _hands_out_shared(self, frame: Frame, node: Call) -> bool:
        """Whether a function of the project returns a variable of its module, or an attribute of its receiver."""
        inference = self._project.inference
        for function in inference.functions(inference.type(frame, node.func)):
            inner = inference.binding.frame_of(function)
            scope = self._index.scope(inner.gid)
            for expr in inference.names.returns(inner.gid):
                value = scope.exprs[expr]
                if isinstance(value, Var) and self.is_state(inner, value):
                    return True
                if isinstance(value, Attr) and self._index.class_of(inner.gid) != NONE:
                    if any(isinstance(root, Param) and root.index == 0 for root in self.roots(inner, expr)):
                        return True
        return False

    def _is_handed_over(self, frame: Frame, node: Param) -> bool:
        """Whether a parameter's object is used by nobody else while the coroutine waits."""
        gid = frame.gid
        if node.index == 0 and self._index.class_of(gid) != NONE:
            return False
        if any(e.frame is not None and e.frame.gid == gid and e.kind in _INJECTED for e in self._project.entry_points):
            return True
        return self._is_always_awaited(gid)

    def _is_always_awaited(self, gid: int) -> bool:
        """Whether each call of a coroutine function is awaited at once: none of them runs beside its caller."""
        scope = self._index.scope(gid)
        if not scope.is_async or scope.kind != "function":
            return False
        is_called = False
        for site in self._index.call_sites(scope.name):
            node = self._index.scope(site.gid).exprs[site.expr]
            frame = self._project.inference.plain_frame(site.gid)
            if not isinstance(node, Call):
                continue
            callees = self._project.inference.calls.callees(frame, node)
            if callees and not any(callee.frame is not None and callee.frame.gid == gid for callee in callees):
                continue
            is_called = True
            events = self._index.scope(site.gid).events
            if not any(e.kind == EventKind.CALL and e.expr == site.expr and e.flag for e in events):
                return False
        return is_called
