"""Which methods with dependencies does nobody mount: no route, no dependency, named nowhere?

`def active(self, user: User = Depends(user))` makes `user` a dependency of `active`; that is an entry point where a
router or another dependency gets `active`, and for that somebody has to name it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from fastapi_lint.facts import NONE, Attr, Call, Free, Import, Lit, Scope, Seq, Sub, Use, Var
from fastapi_lint.project.types.classes import PLAIN_BASES
from fastapi_lint.project.types.values import ClassV, InstanceV

if TYPE_CHECKING:
    from fastapi_lint.project.types.inference import Inference

_LISTS_METHODS = ("dir", "getmembers", "vars")


class Unmounted:
    """Answers for the whole project, found on the first question."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._index = inference.index

    def holds(self, gid: int, expr: int) -> bool:
        """Whether an expression of a class body is (a part of) a parameter of a method that nobody mounts."""
        return self._index.scope(gid).kind == "class" and (gid, expr) in self._parts

    @cached_property
    def _parts(self) -> frozenset[tuple[int, int]]:
        found = {(owner, part): name for owner, name, parts in self._methods() for part in parts}
        listed = self._listed() if found else frozenset()
        if listed is None:
            return frozenset()
        found = {key: name for key, name in found.items() if listed.isdisjoint(self._inference.classes.mro(key[0]))}
        named = self._named(frozenset(found.values()))
        return frozenset(part for part, name in found.items() if name not in named)

    def _methods(self) -> Iterator[tuple[int, str, list[int]]]:
        """The methods that nothing but their name leads to, with the calls in what their parameters say."""
        for gid, scope in enumerate(self._index.scopes):
            owner = self._index.class_of(gid)
            if owner == NONE or scope.kind != "function" or scope.decorators or scope.name.startswith("__"):
                continue
            body = self._index.scope(owner)
            said = [expr for one in scope.params for expr in (one.default, one.annotation) if expr != NONE]
            calls = [part for expr in said for part in _calls(body, expr)]
            if calls and self._is_plain(owner):
                yield owner, scope.name, calls

    def _listed(self) -> frozenset[int] | None:
        """The classes whose members code looks through, with or without an object; None if it may be any."""
        found: set[int] = set()
        for site in (site for name in _LISTS_METHODS for site in self._index.call_sites(name)):
            frame = self._inference.plain_frame(site.gid)
            node = frame.scope.exprs[site.expr]
            if not isinstance(node, Call) or not node.args:
                continue  # the names of the scope itself
            if len(node.args) > 1 and self._index.spelled(site.gid, node.args[1]) == "isclass":
                continue
            kinds = self._inference.type(frame, node.args[0])
            if not kinds:
                return None
            found |= {kind.gid for kind in kinds if isinstance(kind, (ClassV, InstanceV))}
        return frozenset(found)

    def _is_plain(self, owner: int) -> bool:
        """Whether no library, and no decorator, makes anything of the methods of a class."""
        entries = self._inference.classes.mro(owner)
        outer = self._inference.plain_frame(self._index.parent(owner))
        return (
            not any(self._index.scope(entry).decorators for entry in entries if isinstance(entry, int))
            and PLAIN_BASES.issuperset(entry for entry in entries if isinstance(entry, str))
            and all(self._inference.type(outer, base) for base in self._index.scope(owner).bases)
        )

    def _named(self, names: frozenset[str]) -> set[str]:
        """Those of the names that anything but a definition spells, be it in a text."""
        found: set[str] = set()
        for scope in self._index.scopes if names else ():
            for node in scope.exprs:
                if isinstance(node, (Attr, Var, Import, Free)):
                    if node.name in names:
                        found.add(node.name)
                elif isinstance(node, Lit):
                    found |= {node.value} & names if isinstance(node.value, str) else set()
                elif isinstance(node, Use) and scope.kind == "class":
                    found |= {scope.defs[number].name for number in node.defs} & names
        return found


def _calls(scope: Scope, expr: int) -> Iterator[int]:
    """A default, or the calls in the metadata of an `Annotated`."""
    node = scope.exprs[expr]
    if isinstance(node, Call):
        yield expr
    elif isinstance(node, Sub) and isinstance(items := scope.exprs[node.index], Seq):
        yield from (item for item in items.items if isinstance(scope.exprs[item], Call))
