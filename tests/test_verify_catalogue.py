"""The resolver of `scripts/verify_catalogue.py`, on packages made up for each case."""

from __future__ import annotations

import datetime as dt
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY / "scripts"))

from catalogue_verification.archives import Archive, Shelf, View, typeshed  # noqa: E402
from catalogue_verification.checks import Finding, Status, Verifier, Version  # noqa: E402
from catalogue_verification.resolver import Resolver  # noqa: E402
from catalogue_verification.settings import Allowed, ExceptionSpec, load_settings  # noqa: E402
from catalogue_verification.table import Result, page  # noqa: E402

from fastapi_lint.catalogue import parse_libraries  # noqa: E402

Files = dict[str, str]
Verify = Callable[..., dict[str, str]]
BUILTINS = typeshed()


def _archive(folder: Path, files: Files, name: str = "acme", version: str = "2.0") -> Archive:
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return Archive(name, version, folder)


def _verify(catalogue: str, *archives: Archive, excepted: Allowed | None = None) -> list[Finding]:
    """The first archive is the current version of acme, the others are older ones."""
    (library,) = parse_libraries(f'[[library]]\nname = "acme"\nmodules = ["acme"]\n{catalogue}', "acme.toml")
    versions = [Version(archive.label, Resolver(View([archive], [BUILTINS]))) for archive in archives]
    return Verifier(versions, excepted or Allowed(()), Allowed(())).verify(library)


@pytest.fixture
def verify(tmp_path: Path) -> Verify:
    """Of each name asked for, what became of it."""

    def run(files: Files, functions: str = "", kind: str = "", methods: str = "", **keys: str) -> dict[str, str]:
        text = ""
        if functions:
            text += f"[[library.function]]\nnames = {functions.split()}\n"
            text += "".join(f"{key} = '{value}'\n" for key, value in keys.items())
        if kind:
            text += f"[[library.type]]\nname = '{kind}'\n[[library.type.call]]\nnames = {methods.split()}\n"
            text += "".join(f"{key} = '{value}'\n" for key, value in keys.items())
        findings = _verify(text, _archive(tmp_path / "site", files))
        return {item.name: item.status.name for item in findings}

    return run


def test_what_is_not_there_is_not_found(verify: Verify) -> None:
    files = {"acme/__init__.py": "def get(): ...\nclass Client:\n    def send(self): ...\n"}
    assert verify(files, "acme.get acme.gte acme.no.get other.get") == {
        "acme.get": "PROVED",
        "acme.gte": "MISSING",
        "acme.no.get": "MISSING",
        "other.get": "MISSING",
    }
    assert verify(files, kind="acme.Client", methods="send sned __init__ __enter__") == {
        "acme.Client": "PROVED",
        "acme.Client.send": "PROVED",
        "acme.Client.sned": "MISSING",
        "acme.Client.__init__": "PROVED",
        "acme.Client.__enter__": "MISSING",
    }


@pytest.mark.parametrize(
    "init",
    [
        "from acme._impl import get",
        "from ._impl import get",
        "from . import _impl\nget = _impl.get",
        "from ._impl import fetch as get",
        "from ._impl import *",
        "import acme._impl\nget = acme._impl.get",
        "try:\n    from ._fast import get\nexcept ImportError:\n    from ._impl import get",
        "if True:\n    from ._impl import get",
        "from typing import Any\n_lazy = {'get': '._impl'}\ndef __getattr__(name: str) -> Any: ...",
        "def __getattr__(name):\n    from ._impl import get\n    return get",
    ],
)
def test_re_exports_are_followed(verify: Verify, init: str) -> None:
    """To the end: a coroutine function behind a re-export is still one."""
    files = {"acme/__init__.py": init, "acme/_impl.py": "async def get(): ...\nfetch = get\n"}
    assert verify(files, "acme.get", blocks="http") == {"acme.get": "ASYNC"}


def test_a_star_import_gives_what_the_module_has(verify: Verify) -> None:
    files = {"acme/__init__.py": "from ._impl import *\n", "acme/_impl.py": "def get(): ...\n"}
    assert verify(files, "acme.get acme.put") == {"acme.get": "PROVED", "acme.put": "MISSING"}


def test_imports_in_a_circle_end(verify: Verify) -> None:
    files = {
        "acme/__init__.py": "from .a import *\nfrom .a import get\n",
        "acme/a.py": "from .b import *\nfrom .b import get\n",
        "acme/b.py": "from .a import *\nfrom .a import get\n\ndef put(): ...\n",
    }
    assert verify(files, "acme.get acme.put") == {"acme.get": "MISSING", "acme.put": "PROVED"}


def test_inherited_and_assigned_members(verify: Verify) -> None:
    source = """
from ._base import Base

class Client(Base[int]):
    retries = 3
    if retries:
        def close(self): ...
    def __init__(self):
        self.session = None
        self.a, self.b = 1, 2

def later(self): ...
Client.flush = later
"""
    base = "class Root:\n    def ping(self): ...\nclass Base(Root):\n    def send(self): ...\n"
    assert verify(
        {"acme/__init__.py": source, "acme/_base.py": base},
        kind="acme.Client",
        methods="retries close session send ping flush absent",
    ) == {
        "acme.Client": "PROVED",
        "acme.Client.retries": "PROVED",
        "acme.Client.close": "PROVED",
        "acme.Client.session": "PROVED",
        "acme.Client.send": "PROVED",
        "acme.Client.ping": "PROVED",
        "acme.Client.flush": "PROVED",
        "acme.Client.absent": "MISSING",
    }


_PATHS = """
from __future__ import annotations
from functools import cached_property
from typing import Optional

class Completions:
    def create(self): ...

class Chat:
    completions: Completions
    maybe: Optional["Completions"]
    class Nested:
        def run(self): ...

class Client:
    def __init__(self, given: Completions):
        self.made = Completions()
        self.given = given
        self.untyped = unknown()

    @property
    def chat(self) -> Chat: ...

    @cached_property
    def lazy(self):
        from ._more import More
        return More(self)

    def method(self) -> Chat: ...
"""


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("chat.completions.create", "PROVED"),
        ("chat.completions.delete", "MISSING"),
        ("chat.maybe.create", "PROVED"),
        ("chat.Nested.run", "PROVED"),
        ("chat.Nested.walk", "MISSING"),
        ("lazy.all", "PROVED"),
        ("lazy.some", "MISSING"),
        ("made.create", "PROVED"),
        ("given.create", "PROVED"),
        ("given.delete", "MISSING"),
        ("untyped.create", "SOFT"),
        ("method.completions", "MISSING"),
        ("*.completions.create", "PROVED"),
        ("*.completions.delete", "SOFT"),  # for all that is known of `untyped`
        ("chat.*.create", "PROVED"),
        ("chat.*.delete", "MISSING"),
        ("chat.*", "PROVED"),
        ("made.create.*", "MISSING"),
    ],
)
def test_paths_from_an_instance(verify: Verify, path: str, status: str) -> None:
    files = {"acme/__init__.py": _PATHS, "acme/_more.py": "class More:\n    def all(self): ...\n"}
    assert verify(files, kind="acme.Client", methods=path)[f"acme.Client.{path}"] == status


def test_a_stub_says_more_than_a_compiled_module(verify: Verify) -> None:
    files = {"acme/__init__.py": "from .fast import *\nfrom .slow import get", "acme/fast.cpython-311.so": ""}
    stub = {"acme/fast.pyi": "class Client:\n    def send(self) -> None: ...\n"}
    assert verify(files, "acme.fast.Client.send")["acme.fast.Client.send"] == "SOFT"
    assert verify(files | stub, "acme.fast.Client.send acme.fast.Client.get") == {
        "acme.fast.Client.send": "PROVED",
        "acme.fast.Client.get": "MISSING",
    }


def test_a_stub_does_not_hide_the_source(verify: Verify) -> None:
    files = {"acme/__init__.pyi": "def get() -> None: ...", "acme/__init__.py": "def get(): ...\ndef put(): ..."}
    assert verify(files, "acme.get acme.put") == {"acme.get": "PROVED", "acme.put": "PROVED"}


def test_a_stub_package_belongs_to_the_module(verify: Verify) -> None:
    assert verify({"acme-stubs/__init__.pyi": "def get() -> None: ..."}, "acme.get") == {"acme.get": "PROVED"}


def test_types_made_by_functions(verify: Verify) -> None:
    source = """
class Base:
    def send(self): ...

def make(name):
    return type(name, (Base,), {})

def declared() -> type[Base]: ...

Made = make("Made")
Declared = declared()
Unknown = elsewhere()
"""
    files = {"acme.py": source}
    for kind in ("acme.Made", "acme.Declared", "acme.declared"):
        assert verify(files, kind=kind, methods="send receive") == {
            kind: "PROVED",
            f"{kind}.send": "PROVED",
            f"{kind}.receive": "MISSING",
        }
    assert verify(files, kind="acme.Unknown", methods="send")["acme.Unknown.send"] == "SOFT"


def test_metaclass_and_getattr(verify: Verify) -> None:
    source = """
class Meta(type):
    def get(cls): ...
    def __getattr__(cls, name): ...

class Entity(metaclass=Meta): ...

class Open:
    def __getattr__(self, name): ...
"""
    assert verify({"acme.py": source}, "acme.Entity.get acme.Entity.put acme.Open.put acme.Open.__enter__") == {
        "acme.Entity.get": "PROVED",
        "acme.Entity.put": "MISSING",
        "acme.Open.put": "SOFT",
        "acme.Open.__enter__": "MISSING",
    }


def test_a_base_that_was_not_looked_at_leaves_it_open(verify: Verify) -> None:
    files = {"acme.py": "from other import Base\nclass Client(Base):\n    def send(self): ...\n"}
    assert verify(files, "acme.Client.send acme.Client.put") == {
        "acme.Client.send": "PROVED",
        "acme.Client.put": "SOFT",
    }


_COROUTINES = """
from collections.abc import Coroutine
from typing import overload

def plain(): ...
async def coroutine(): ...
def returns() -> Coroutine[None, None, int]: ...

@overload
def either(a: int) -> Coroutine[None, None, int]: ...
@overload
def either(a: str) -> int: ...
"""


def test_a_coroutine_function_does_not_block(verify: Verify) -> None:
    names = "acme.plain acme.coroutine acme.returns acme.either"
    assert verify({"acme.py": _COROUTINES}, names, blocks="http") == {
        "acme.plain": "PROVED",
        "acme.coroutine": "ASYNC",
        "acme.returns": "ASYNC",
        "acme.either": "PROVED",
    }
    assert set(verify({"acme.py": _COROUTINES}, names).values()) == {"PROVED"}


def test_async_methods_are_found_through_bases_and_paths(verify: Verify) -> None:
    source = "class Base:\n    async def send(self): ...\nclass Client(Base):\n    inner: Base\n"
    found = verify({"acme.py": source}, kind="acme.Client", methods="send inner.send", blocks="http")
    assert found == {"acme.Client": "PROVED", "acme.Client.send": "ASYNC", "acme.Client.inner.send": "ASYNC"}


def test_references_are_verified(verify: Verify) -> None:
    files = {"acme.py": "def get(): ...\nclass Answer: ...\n"}
    found = verify(files, "acme.get", returns="list[acme.Answer] | acme.Gone", twin="acme.aget", note="since 3")
    assert found == {
        "acme.get": "PROVED",
        "acme.Answer": "PROVED",
        "acme.Gone": "MISSING",
        "acme.aget": "MISSING",
    }


def test_names_of_an_older_version(tmp_path: Path) -> None:
    new = _archive(tmp_path / "new", {"acme.py": "def get(): ...\n"})
    old = _archive(tmp_path / "old", {"acme.py": "def get(): ...\ndef fetch(): ...\n"}, version="1.0")
    catalogue = '[[library.function]]\nnames = ["acme.get", "acme.fetch", "acme.put"]\n'
    assert _verify(catalogue, new, old) == [
        Finding("acme.get", Status.PROVED),
        Finding("acme.fetch", Status.PROVED, "acme 1.0"),
        Finding("acme.put", Status.MISSING),
    ]


def test_exceptions_are_for_what_is_not_found(tmp_path: Path) -> None:
    archive = _archive(tmp_path, {"acme.py": "def get(): ...\n"})
    allowed = Allowed((ExceptionSpec(("acme.get", "acme.made.*", "acme.other"), "made up"),))
    findings = _verify('[[library.function]]\nnames = ["acme.get", "acme.made.send"]\n', archive, excepted=allowed)
    assert [item.status for item in findings] == [Status.PROVED, Status.EXCEPTED]
    assert allowed.unused() == ["acme.get", "acme.other"]


def test_a_library_without_a_wheel_is_left_open() -> None:
    (finding,) = _verify('[[library.function]]\nnames = ["acme.get"]\n')
    assert finding.status is Status.SOFT


def test_wheels_are_read_packed(tmp_path: Path) -> None:
    for version in ("1.9", "1.10", "2.0"):
        with zipfile.ZipFile(tmp_path / f"acme_client-{version}-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"acme_client-{version}.data/purelib/acme/__init__.py", f"\ufeffdef v{version[0]}(): ...\n")
    shelf = Shelf(tmp_path, download=False)
    newest, older = shelf.get("acme.client"), shelf.get("acme-client<2")
    assert newest is not None
    assert older is not None
    assert (newest.label, older.label) == ("acme-client 2.0", "acme-client 1.10")
    assert Resolver(View([newest], [])).find("acme.v2") is not None
    assert Resolver(View([older], [newest])).find("acme.v2") is None
    assert shelf.get("acme-client>2") is None


def test_an_unpacked_distribution_is_read(tmp_path: Path) -> None:
    (tmp_path / "site" / "acme-3.1.dist-info").mkdir(parents=True)
    (tmp_path / "site" / "acme.py").write_text("def get(): ...\n", encoding="utf-8")
    archive = Shelf(tmp_path, download=False).get("acme")
    assert archive is not None
    assert archive.version == "3.1"
    assert "acme" in archive.files


def test_what_a_library_has_itself_hides_what_others_have(tmp_path: Path) -> None:
    own = _archive(tmp_path / "own", {"acme.py": "def get(): ...\n"})
    other = _archive(tmp_path / "other", {"acme.py": "def put(): ...\n", "more.py": "def put(): ...\n"}, name="other")
    resolver = Resolver(View([own], [other]))
    assert resolver.find("acme.get") is not None
    assert resolver.find("acme.put") is None
    assert resolver.find("more.put") is not None


def test_the_standard_library_is_looked_up_in_typeshed() -> None:
    resolver = Resolver(View([BUILTINS], []))
    assert resolver.find("os.path.join") is not None
    assert resolver.find("subprocess.Popen.communicate") is not None
    assert resolver.find("os.path.jion") is None
    assert resolver.find("dict.setdefault") is None
    assert resolver.find("builtins.dict.setdefault") is not None


def test_the_page_names_what_is_wrong() -> None:
    findings = (
        Finding("acme.get", Status.PROVED),
        Finding("acme.Client.a", Status.SOFT, "compiled"),
        Finding("acme.Client.b", Status.SOFT, "compiled"),
        Finding("acme.put", Status.MISSING, role="twin of `acme.get`"),
    )
    result = Result("acme", "http.toml", "https://acme.example", ("acme 2.0",), findings)
    text = page([result], dt.date(2024, 2, 29))
    assert "2024-02-29" in text
    assert "| acme | http.toml | acme 2.0 | 1 | 2 | 0 | 1 |" in text
    assert "- compiled: `acme.Client`: `a`, `b`" in text
    assert "- acme: `acme.put`: NOT FOUND, twin of `acme.get`" in text


def test_exceptions_give_reasons() -> None:
    settings = load_settings(REPOSITORY / "scripts" / "catalogue_exceptions.toml")
    assert settings.exception
    assert all(len(spec.reason) > 10 for spec in settings.exception)
