"""What nothing closes is closed at the end of the lifespan.

What the lifespan makes, each start of the application makes anew, so that closing it harms nobody. What its module
makes is there once for all starts, of which tests have many: only what opens again by itself when it is used then,
a SQLAlchemy engine or a Redis client, is closed. Whether a closer is awaited is said here, library by library, as the
sources of their releases of 2026 define them (Motor's is a plain delegate).
"""

from __future__ import annotations

import libcst as cst

from fastapi_lint.diagnostic import Applicability, Fix
from fastapi_lint.project import Project
from fastapi_lint.project.resources.shared_resources import Resource
from fastapi_lint.repair.block import code_end
from fastapi_lint.repair.constancy import Constancy
from fastapi_lint.repair.names import binding_scope, references
from fastapi_lint.repair.opened import Change, OpenedFile

_CLOSERS = {
    "aio_pika.Connection": "await {}.close()",
    "aiohttp.ClientSession": "await {}.close()",
    "aiokafka.AIOKafkaConsumer": "await {}.stop()",
    "aiokafka.AIOKafkaProducer": "await {}.stop()",
    "asyncpg.Pool": "await {}.close()",
    "databases.Database": "await {}.disconnect()",
    "elasticsearch.AsyncElasticsearch": "await {}.close()",
    "httpx.AsyncClient": "await {}.aclose()",
    "motor.motor_asyncio.AsyncIOMotorClient": "{}.close()",
    "neo4j.AsyncDriver": "await {}.close()",
    "opensearchpy.AsyncOpenSearch": "await {}.close()",
    "psycopg_pool.AsyncConnectionPool": "await {}.close()",
    "pymongo.AsyncMongoClient": "await {}.close()",
    "qdrant_client.AsyncQdrantClient": "await {}.close()",
    "redis.asyncio.Redis": "await {}.aclose()",
    "sqlalchemy.ext.asyncio.AsyncEngine": "await {}.dispose()",
}
_OPENS_AGAIN = frozenset({"redis.asyncio.Redis", "sqlalchemy.ext.asyncio.AsyncEngine"})


class Closing:
    """Repairs of objects of FAL207."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._constancy = Constancy(project)

    def fix(self, opened: OpenedFile, resource: Resource) -> Fix | None:
        """The fix for one object; `opened` is the file that makes it."""
        spot = self._project.spot(resource.frame.gid, resource.call.place)
        node = opened.at(spot.place, cst.Call)
        closer = self._closer(resource.type)
        made = _assignment(opened, node) if node is not None else None
        if node is None or made is None or closer is None:
            return None
        target, line = made
        if isinstance(opened.parent(line), cst.Module):
            function = self._lifespan_of_module(opened, resource, node, target)
        else:
            function = self._own_lifespan(opened, resource, node)
        if function is None or not _is_given_once(opened, target):
            return None
        place = _shutdown(opened, function, line)
        if place is None:
            return None
        row, indent = place
        end = opened.line_start(row) + len(opened.line(row))
        text = closer.format(opened.tree.code_for_node(target))
        return opened.fix(
            Applicability.UNSAFE,
            "close it at the end of the lifespan",
            [Change(end, end, f"{opened.newline}{indent}{text}")],
        )

    def _closer(self, name: str) -> str | None:
        kinds = self._project.inference.libraries.catalogue.mro(name)
        return next((_CLOSERS[kind.name] for kind in kinds if kind.name in _CLOSERS), None)

    def _lifespans(self) -> set[int]:
        return {e.frame.gid for e in self._project.entry_points if e.kind == "lifespan" and e.frame is not None}

    def _own_lifespan(self, opened: OpenedFile, resource: Resource, node: cst.Call) -> cst.FunctionDef | None:
        """The lifespan that makes the object."""
        return opened.function_around(node) if resource.frame.gid in self._lifespans() else None

    def _lifespan_of_module(
        self, opened: OpenedFile, resource: Resource, node: cst.Call, target: cst.BaseExpression
    ) -> cst.FunctionDef | None:
        """The only lifespan of the project, where it stands in the module that makes the object."""
        if not isinstance(target, cst.Name) or not self._opens_again(opened, resource, node):
            return None
        lifespans = self._lifespans()
        gid = next(iter(lifespans)) if len(lifespans) == 1 else None
        if gid is None or self._project.index.module(gid).path != opened.key:
            return None
        name = self._project.index.scope(gid).name
        found = [
            statement
            for statement in opened.tree.body
            if isinstance(statement, cst.FunctionDef) and statement.name.value == name
        ]
        if len(found) != 1 or binding_scope(opened, target.value, found[0].body) is not opened.tree:
            return None
        scope = opened.names.scopes.get(id(found[0]))
        return None if scope is None or target.value in scope.bound else found[0]

    def _opens_again(self, opened: OpenedFile, resource: Resource, node: cst.Call) -> bool:
        """Whether the object is as good as new after it was closed: no database in memory is."""
        if not any(
            kind.name in _OPENS_AGAIN for kind in self._project.inference.libraries.catalogue.mro(resource.type)
        ):
            return False
        given = {arg.keyword.value for arg in node.args if arg.keyword is not None}
        return "poolclass" not in given and not any("sqlite" in text for text in self._constancy.strings(opened, node))


def _assignment(opened: OpenedFile, node: cst.Call) -> tuple[cst.BaseExpression, cst.SimpleStatementLine] | None:
    """The variable or attribute that is given the object, by a statement that has a line of its own."""
    value: cst.CSTNode = node
    parent = opened.parent(value)
    if isinstance(parent, cst.Await):
        value, parent = parent, opened.parent(parent)
    if isinstance(parent, cst.Assign) and parent.value is value and len(parent.targets) == 1:
        target = parent.targets[0].target
    elif isinstance(parent, cst.AnnAssign) and parent.value is value:
        target = parent.target
    else:
        return None
    line = opened.parent(parent)
    if not isinstance(line, cst.SimpleStatementLine) or len(line.body) > 1 or not _is_path(target):
        return None
    return target, line


def _is_path(target: cst.BaseExpression) -> bool:
    """Whether it is a name, or attributes of one."""
    while isinstance(target, cst.Attribute):
        target = target.value
    return isinstance(target, cst.Name)


def _is_given_once(opened: OpenedFile, target: cst.BaseExpression) -> bool:
    """Whether nothing else in the file ever puts another object, or None, there."""
    text = opened.tree.code_for_node(target)
    if isinstance(target, cst.Name):
        scope = binding_scope(opened, target.value, target)
        if scope is None:
            return False
        names: list[cst.BaseExpression] = [*references(opened, target.value, scope)]
    else:
        names = [node for node in opened.of(cst.Attribute) if opened.tree.code_for_node(node) == text]
    return sum(_is_written(opened, name) for name in names) == 1


def _is_written(opened: OpenedFile, node: cst.BaseExpression) -> bool:
    for child, parent in opened.ancestors(node):
        if isinstance(parent, (cst.AssignTarget, cst.AsName, cst.Del, cst.NamedExpr)):
            return not isinstance(parent, cst.NamedExpr) or parent.target is child
        if isinstance(parent, (cst.AnnAssign, cst.AugAssign, cst.For)):
            return parent.target is child
        if not isinstance(parent, (cst.Tuple, cst.List, cst.Element, cst.StarredElement)):
            return False
    return False


# -- where


def _shutdown(opened: OpenedFile, function: cst.FunctionDef, line: cst.SimpleStatementLine) -> tuple[int, str] | None:
    """The row behind which a lifespan closes what the line makes, and the white space before it.

    The lifespan yields once, on no condition. All else that it does at the end is done first: it may need the object.
    """
    yields = [node for node in opened.of(cst.Yield) if opened.function_around(node) is function]
    leaves = (node for node in opened.of(cst.Return) if opened.function_around(node) is function)
    if len(yields) != 1 or any(leaves) or not isinstance(opened.parent(yields[0]), cst.Expr):
        return None
    home = opened.parent(line)
    suite = function.body if isinstance(home, cst.Module) else home
    if suite is not function.body and not isinstance(opened.parent(suite) if suite else None, cst.With):
        return None  # what follows the suite may need the object
    final: cst.BaseSuite | None = None
    for child, parent in opened.ancestors(yields[0]):
        if parent is suite:
            is_before = isinstance(home, cst.Module) or opened.start(line) < opened.start(yields[0])
            return _last_row(opened, final or suite) if is_before and child is not line else None
        if isinstance(parent, (cst.Try, cst.TryStar)):
            if child is not parent.body or parent.finalbody is None:
                return None
            final = final or parent.finalbody.body
        elif isinstance(parent, (cst.If, cst.For, cst.While, cst.Match, cst.FunctionDef)):
            return None
    return None


def _last_row(opened: OpenedFile, suite: cst.CSTNode) -> tuple[int, str] | None:
    last = suite.body[-1] if isinstance(suite, cst.IndentedBlock) else None
    if last is None or (isinstance(last, cst.SimpleStatementLine) and isinstance(last.body[-1], cst.Raise)):
        return None
    return opened.row(code_end(opened, last)), opened.indent(opened.start(last))
