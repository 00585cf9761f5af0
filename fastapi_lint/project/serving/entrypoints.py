"""Where does someone else's code call into the project? Routes, dependencies, middleware, lifespan, tasks, commands."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from fastapi_lint.catalogue import Where
from fastapi_lint.facts import NONE, Attr, Call, Lit, Map, Param, Seq, Use
from fastapi_lint.project.code.frames import Frame
from fastapi_lint.project.code.index import Index
from fastapi_lint.project.serving.router_paths import RouterPaths
from fastapi_lint.project.serving.unmounted import Unmounted
from fastapi_lint.project.types.inference import Inference
from fastapi_lint.project.types.values import (
    ClassV,
    ContextV,
    CoroutineV,
    ExternalV,
    ExtMemberV,
    FunctionV,
    GeneratorV,
    InstanceV,
    MethodV,
    PartialV,
    Type,
    Value,
    WrappedV,
    union,
)

_PROVIDER = "dishka.Provider"
_PROVIDE = frozenset({"dishka.provide", "dishka.provider.provide"})
_REQUEST_SCOPES = frozenset({"REQUEST", "ACTION", "STEP"})
_LIFESPANS = frozenset({"lifespan", "startup"})
_ROUTER = "fastapi.APIRouter"
_LIFESPAN_OF_ROUTER = "lifespan_context"
_MOST_HOPS = 3
_VERBS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})


class EntryPoint(msgspec.Struct, frozen=True):
    """A registration: `frame` is what is called, `gid` and `place` where the registration stands.

    `decorated` is the function under a registering decorator, NONE for other registrations. `where` is said only where
    it runs otherwise than in FastAPI; see `catalogue.Entry`.
    """

    kind: str
    label: str
    frame: Frame | None
    gid: int
    place: int
    target: Value | None = None
    decorated: int = NONE
    where: Where | None = None

    @property
    def told(self) -> tuple[str, str, int, int]:
        """What tells it from others. Where prefixes are not known, routes of several routers have one label."""
        where = (self.gid, self.place) if self.kind == "route" else (NONE, NONE)
        return (self.kind, self.label, *where)


class EntryPoints:
    """Finds every registration that the catalogue knows."""

    def __init__(self, index: Index, inference: Inference) -> None:
        self._index = index
        self._inference = inference
        self._paths = RouterPaths(index, inference)
        self._unmounted = Unmounted(inference)
        self._spelled = self._registration_names()

    def _registration_names(self) -> frozenset[str]:
        """The last segments of all registering APIs: a cheap test before any type is asked for."""
        names: set[str] = set()
        for library in self._inference.libraries.catalogue.libraries:
            for spec in library.function:
                if spec.registers:
                    names.update(name.rpartition(".")[2] for name in spec.names)
            for kind in library.type:
                names.update(name for spec in kind.call if spec.registers for name in spec.names)
                constructor = self._inference.libraries.catalogue.method(kind.name, "__init__")
                if constructor is not None and constructor.registers:
                    names.update(name.rpartition(".")[2] for name in (kind.name, *kind.aliases))
        return frozenset(names | self._subclasses_spelled(names))

    def _subclasses_spelled(self, names: set[str]) -> set[str]:
        """The names of the project's classes that may derive from one of those, by how their bases are spelled."""
        index = self._index
        bases = [
            (scope.name, {index.spelled(index.parent(gid), base) for base in scope.bases})
            for gid, scope in enumerate(index.scopes)
            if scope.kind == "class" and scope.bases
        ]
        found: set[str] = set()
        for _ in range(_MOST_HOPS):
            found |= {name for name, spelled in bases if not spelled.isdisjoint(names | found)}
        return found

    def find(self) -> list[EntryPoint]:
        """All entry points, in the order of files and lines."""
        found: list[EntryPoint] = []
        for name in sorted(self._spelled | self._derived()):
            for site in self._index.call_sites(name):
                found += self._at(site.gid, site.expr)
        found += self._stored()
        for gid in range(self._index.count):
            found += self._decorated(gid)
            found += self._class_based(gid)
        return sorted(found, key=lambda entry: (entry.gid, entry.place, entry.kind))

    def _derived(self) -> frozenset[str]:
        """The names of the project's own classes whose base registers what it is made with, or seems to."""
        index = self._index
        classes = [(gid, scope) for gid, scope in enumerate(index.scopes) if scope.kind == "class" and scope.bases]
        names: set[str] = set()
        before = -1
        while before != len(names):
            before = len(names)
            for gid, scope in classes:
                bases = (index.spelled(index.parent(gid), base) for base in scope.bases)
                if any(base in self._spelled or base in names for base in bases):
                    names.add(scope.name)
        return frozenset(names)

    def _at(self, gid: int, expr: int) -> list[EntryPoint]:
        frame = self._inference.plain_frame(gid)
        node = self._index.scope(gid).exprs[expr]
        if not isinstance(node, Call) or self._unmounted.holds(gid, expr):
            return []
        found: list[EntryPoint] = []
        if all(self._is_own(value) for value in self._inference.type(frame, node.func)):
            return found
        for callee in self._inference.calls.callees(frame, node):
            spec = callee.spec
            for entry in spec.registers if spec is not None else ():
                given = [self._inference.calls.argument(gid, node, selector) for selector in entry.args]
                registered = next((expr for expr in given if expr != NONE), NONE)
                if registered != NONE:
                    label = self._label(callee.name, gid, node)
                    for target in self._registered(gid, registered):
                        targets = self._imported(gid, target) or self._inference.type(frame, target)
                        made = self._targets(entry.kind, label, targets, gid, node.place)
                        if not made and entry.kind in _LIFESPANS:
                            made = self._targets(entry.kind, label, self._handed_in(frame, target), gid, node.place)
                        found += [msgspec.structs.replace(one, where=entry.where) for one in made]
        return found

    def _is_own(self, value: Value) -> bool:
        """Whether a value is a function of the project that the catalogue says nothing of: that registers nothing."""
        return isinstance(value, (FunctionV, MethodV)) and self._inference.libraries.call_spec(value)[0] is None

    def _imported(self, gid: int, expr: int) -> Type:
        """What a text names that is imported when it is needed: `app.command("package.module:function")`.

        See https://cyclopts.readthedocs.io/en/latest/lazy_loading.html.
        """
        node = self._index.scope(gid).exprs[expr]
        if not isinstance(node, Lit) or not isinstance(node.value, str):
            return ()
        module, colon, name = node.value.partition(":")
        key = (
            self._index.table.absolute(self._index.module(gid), module)
            if colon and module.replace(".", "_").isidentifier()
            else None
        )
        return self._inference.names.of_module(key, name) if key is not None else ()

    def _stored(self) -> Iterator[EntryPoint]:
        """The lifespan that is stored in a router: `app.router.lifespan_context = lifespan`.

        See `starlette.routing.Router.lifespan`: it calls what the attribute holds when the server starts.
        """
        for base, value in self._index.attribute_stores(_LIFESPAN_OF_ROUTER):
            frame = self._inference.plain_frame(base.gid)
            routers = self._inference.type(frame, base.expr)
            if value != NONE and any(self._inference.libraries.is_a(one, _ROUTER) for one in routers):
                yield from self._targets(
                    "lifespan", "", self._inference.type(frame, value), base.gid, frame.scope.place
                )

    def _handed_in(self, frame: Frame, expr: int) -> Type:
        """What a parameter is, whatever it is annotated with: its default, and what the project's calls pass for it."""
        scope = frame.scope
        node = scope.exprs[expr]
        made = scope.exprs[scope.defs[node.defs[0]].value] if isinstance(node, Use) and len(node.defs) == 1 else None
        if not isinstance(made, Param):
            return ()
        default, binding = scope.params[made.index].default, self._inference.binding
        by_default = self._inference.type(binding.outer(frame), default) if default != NONE else ()
        return union([by_default, binding.passed(frame.gid, made.index)])

    def _registered(self, gid: int, expr: int) -> list[int]:
        """The callables in an argument: itself, the items of a list, the values of a dict."""
        node = self._index.scope(gid).exprs[expr]
        if isinstance(node, Seq):
            return list(node.items)
        return list(node.values) if isinstance(node, Map) else [expr]

    def _decorated(self, gid: int) -> list[EntryPoint]:
        scope = self._index.scope(gid)
        found: list[EntryPoint] = []
        if not scope.decorators:
            return found
        outer = self._inference.plain_frame(self._index.parent(gid))
        for decorator in scope.decorators:
            node = self._index.scope(outer.gid).exprs[decorator]
            call = node if isinstance(node, Call) else None
            for value in self._inference.type(outer, call.func if call is not None else decorator):
                spec, name = self._inference.libraries.call_spec(value)
                for entry in spec.registers if spec is not None else ():
                    if not entry.decorator:
                        continue
                    label = self._label(name, outer.gid, call) or scope.name
                    target = self._decorated_value(gid)
                    place = call.place if call is not None else scope.place
                    where = outer.gid if call is not None else gid
                    registered = self._targets(entry.kind, label, target, where, place)
                    found += [msgspec.structs.replace(one, decorated=gid, where=entry.where) for one in registered]
        return found

    def _decorated_value(self, gid: int) -> Type:
        """The function with the decorators below the registration applied."""
        if self._index.scope(gid).kind == "class":
            return (ClassV(gid),)
        outer = self._inference.plain_frame(self._index.parent(gid))
        base = self._inference.plain_frame(gid)
        function = FunctionV(gid, (), base.receiver)
        applied = self._inference.decorators.applied(outer, function)
        return applied if any(isinstance(v, (FunctionV, MethodV)) for v in applied) else (function,)

    def _class_based(self, gid: int) -> list[EntryPoint]:
        """Classes whose base makes their methods entry points: `HTTPEndpoint`, `WebSocketEndpoint`, middleware."""
        scope = self._index.scope(gid)
        if scope.kind != "class" or not scope.bases:
            return []
        classes = self._inference.classes
        found: list[EntryPoint] = list(self._provided(gid)) if classes.derives_from(gid, _PROVIDER) else []
        for base, kind, methods in (
            ("starlette.endpoints.HTTPEndpoint", "route", _VERBS),
            ("starlette.endpoints.WebSocketEndpoint", "websocket", {"on_connect", "on_receive", "on_disconnect"}),
            ("starlette.middleware.base.BaseHTTPMiddleware", "middleware", {"dispatch"}),
        ):
            if not classes.derives_from(gid, base):
                continue
            for name in sorted(methods):
                function = classes.find_method(gid, name)
                if function is not None:
                    frame = self._inference.binding.frame_of(MethodV(function, InstanceV(gid)))
                    found.append(EntryPoint(kind, scope.name, frame, gid, scope.place, ClassV(gid)))
        return found

    def _provided(self, gid: int) -> Iterator[EntryPoint]:
        """The factories of a dishka provider that run for each request, by their own scope or by the class's.

        See https://dishka.readthedocs.io/en/stable/provider/provide.html
        """
        scope, module = self._index.scope(gid), self._index.module(gid)
        for number, inner in enumerate(module.facts.scopes):
            method = module.base + number
            if inner.kind != "function" or self._index.parent(method) != gid:
                continue
            for decorator in inner.decorators:
                node = scope.exprs[decorator]
                call = node if isinstance(node, Call) else None
                made_by = self._inference.type(self._index.frame(gid), call.func if call is not None else decorator)
                if not any(isinstance(value, ExternalV) and value.name in _PROVIDE for value in made_by):
                    continue
                given = dict(call.keywords).get("scope", NONE) if call is not None else NONE
                own = scope.names.get("scope", ())
                given = scope.defs[own[-1]].value if given == NONE and own else given
                said = scope.exprs[given] if given != NONE else None
                if isinstance(said, Attr) and said.name in _REQUEST_SCOPES:
                    frame = self._inference.binding.frame_of(MethodV(FunctionV(method), InstanceV(gid)))
                    yield EntryPoint("dependency", inner.name, frame, gid, inner.place)

    def _label(self, name: str, gid: int, node: Call | None) -> str:
        """`GET /items` for a route, else the path or nothing."""
        verb = name.rpartition(".")[2]
        verbs = [verb] if verb in _VERBS else self._methods_of(gid, node)
        path = ""
        if node is not None:
            candidates = [*node.args[:1], *(value for key, value in node.keywords if key == "path")]
            for expr in candidates:
                is_path = bool(verbs) or isinstance(self._index.scope(gid).exprs[expr], Lit)
                path = self._paths.shown(gid, expr) if is_path else path
            path = self._prefix(gid, node) + path
        return f"{', '.join(verbs).upper()} {path or '/'}" if verbs else path

    def _methods_of(self, gid: int, node: Call | None) -> list[str]:
        """The verbs that a route is given: `api_route("/all", methods=["GET", "POST"])`; none if not all are known."""
        given = dict(node.keywords).get("methods", NONE) if node is not None else NONE
        exprs = self._index.scope(gid).exprs
        display = exprs[given] if given != NONE else None
        items = [exprs[item] for item in display.items] if isinstance(display, Seq) else []
        verbs = [one.value.lower() for one in items if isinstance(one, Lit) and isinstance(one.value, str)]
        return verbs if len(verbs) == len(items) and _VERBS.issuperset(verbs) else []

    def _prefix(self, gid: int, node: Call) -> str:
        func = self._index.scope(gid).exprs[node.func]
        return self._paths.prefix(gid, func.base) if isinstance(func, Attr) else ""

    def _targets(self, kind: str, label: str, targets: Type, gid: int, place: int) -> list[EntryPoint]:
        found = []
        for value in targets:
            frames = self._frames(kind, value)
            for frame in frames:
                # a middleware object is made once, when the app is put together, and has one name for all its methods
                is_made = kind == "middleware" and frame.scope.name == "__init__"
                owner = value.gid if kind == "middleware" and isinstance(value, ClassV) and not is_made else frame.gid
                shown = label or self._index.name(owner)
                found.append(EntryPoint("startup" if is_made else kind, shown, frame, gid, place, value))
                if kind in _LIFESPANS:  # what a plain function gives is entered
                    found += self._targets(kind, label, self._entered(frame), gid, place)
            if not frames and isinstance(value, (ClassV, ExternalV)):
                found.append(EntryPoint(kind, label, None, gid, place, value))
        return found

    def _entered(self, frame: Frame) -> Type:
        """The contexts that a plain function makes and returns: `return self._manager(app)`."""
        if frame.scope.is_async or frame.scope.is_generator:
            return ()
        given = [self._inference.type(frame, expr) for expr in self._inference.names.returns(frame.gid)]
        return tuple(value for kind in given for value in kind if isinstance(value, (ContextV, GeneratorV)))

    def _frames(self, kind: str, value: Value) -> list[Frame]:
        calls, classes = self._inference.calls, self._inference.classes
        if isinstance(value, WrappedV):
            value = value.function
        if isinstance(value, PartialV):
            return self._frames(kind, value.function)
        if isinstance(value, (FunctionV, MethodV)):
            return [
                self._inference.binding.frame_of(value),
                *(self._inference.binding.frame_of(impl) for impl in calls.overrides(value)),
            ]
        if isinstance(value, (GeneratorV, ContextV)):
            return [self._inference.binding.frame_of(value.function)]
        if isinstance(value, CoroutineV):
            return [self._inference.binding.frame_of(value.function)] if value.function is not None else []
        if isinstance(value, InstanceV):
            return self._methods(value.gid, ("__call__",))
        if isinstance(value, ClassV):
            names: tuple[str, ...] = ("__init__", "dispatch", "__call__") if kind == "middleware" else ("__init__",)
            if kind == "route" and classes.derives_from(value.gid, "starlette.endpoints.HTTPEndpoint"):
                names = ()
            return self._methods(value.gid, names)
        if isinstance(value, ExtMemberV):
            return []
        return []

    def _methods(self, gid: int, names: tuple[str, ...]) -> list[Frame]:
        found = []
        for name in names:
            function = self._inference.classes.find_method(gid, name)
            if function is not None:
                found.append(self._inference.binding.frame_of(MethodV(function, InstanceV(gid))))
        return found
