"""Places are those that LibCST's own (and far slower) provider gives."""

from __future__ import annotations

from pathlib import Path

import libcst as cst
import pytest
from libcst.metadata import MetadataWrapper, PositionProvider

from fastapi_lint.extract.parsing import parse
from fastapi_lint.extract.positions import locate
from fastapi_lint.facts import Place
from fastapi_lint.source import SourceFile

REPOSITORY = Path(__file__).parent.parent
PYTHON_FILES = [
    file
    for folder in ("fastapi_lint", "rules", "tests", "scripts", "ecosystem", "examples")
    for file in sorted((REPOSITORY / folder).rglob("*.py"))
    if "syntax_trouble" not in file.parts  # it does not parse on purpose
]

SOURCES: dict[str, bytes] = {
    "empty": b"",
    "only_newline": b"\n",
    "only_comment": b"# nothing",
    "no_final_newline": b"import time\ntime.sleep(1)",
    "crlf": b"import time\r\n\r\nif True:\r\n    time.sleep(\r\n        1,\r\n    )\r\nx = time.time()\r\n",
    "cr": b"import time\rtime.sleep(1)\rtime.sleep(2)\r",
    "mixed_line_ends": b"import time\r\ntime.sleep(1)\ntime.sleep(2)\r\n",
    "tabs": b"def f():\n\tif g():\n\t\treturn h(\ta, b )\n\treturn\tk()\n",
    "mixed_indents": b"def f():\n  if g():\n  \th()\n  k()\nclass C:\n    x = f()\n",
    "form_feed": b"import time\n\x0c\ntime.sleep(1)\n\x0c\ndef f():\n\x0c    return g()\n",
    "bom": b"\xef\xbb\xbfimport time\ntime.sleep(1)\n",
    "bom_crlf": b"\xef\xbb\xbftime.sleep(1)\r\ntime.sleep(2)\r\n",
    "wide_characters": "wert = '\U0001f40c' + größe(x)['ü'].länge\n名 = f('é')(g())\n".encode(),
    "latin_1": "# coding: latin-1\nx = 'größe' + f('ü')(1)\n".encode("latin-1"),
    "parentheses": b"((f)(((x))))\n(f\n (x)\n .g\n [0])\n( await_(x) )\ny = ((a.b))[((c))]\n",
    "multi_line": b"x = f(\n    a,  # first\n\n    b.c(\n        d[\n            0\n        ]\n    ),\n)\n",
    "backslashes": b"x = f(1) + \\\n    g(2) + \\\n  h(3)\nassert f(1), \\\n    g(2)\n",
    "decorators": b"@a.b\n@c(d)(e)\n\n@( f[0] )\nasync def g(x: h(1) = i(2)) -> j[3]:\n    await k(4)\n",
    "class": (
        b"@d(1)\nclass C(\n    b.B, metaclass=m(1)\n):\n    x: t[0] = f(1)\n"
        b"    async def g(self): return await self.h(1)\n"
    ),
    "semicolons": b"a(1); b(2) ; c.d(3)\nif x(1): y(2); z(3)\nelse: w(4)\n",
    "strings": b"x = f'{a(1)!r:>{w(2)}} {b[\"k\"].c}' f\"{d(3)=}\"\ny = ('one'\n     f'{e(4)}')\nz = '''\n''' + f(1)\n",
    "comprehensions": (
        b"x = [f(i) for i in g(1) if h(i) async for j in k.l()]\ny = {a(i): b(i) for i in c}\n"
        b"z = sum(d(i) for i in e)\n"
    ),
    "lambdas": b"f = lambda x, y=g(1), *a, **k: x(y)[0].z\nf(lambda: h(2), key=lambda: i(3))\n",
    "with_and_try": (
        b"with a(1) as b, c(2) as d.e:\n    f(3)\nwith (\n    g(4) as h,\n    i(5),\n):\n    pass\n"
        b"try:\n    j(6)\n"
        b"except (k.l, m(7)) as n:\n    o(8)\nelse:\n    p(9)\nfinally:\n    q(10)\n"
    ),
    "match": (
        b"match f(1):\n    case C(x=D.e) if g(2):\n        h(3)\n    case [a, *b] | {'k': a, **b}:\n"
        b"        i.j(4)\n    case _: k(5)\n"
    ),
    "operators": (
        b"x = -f(1) ** g(2) if not h(3) else i(4) < j(5) <= k(6) in l(7)\nx += (yield_(8))\ndel a[m(9)], b.c\n"
    ),
    "walrus_and_slices": b"if (n := f(1)) and x[g(2):h(3):i(4), ..., *j(5)]:\n    print(n, *k(6), **l(7))\n",
    "generics": (
        b"type A[T: f(1)] = dict[str, T]\n"
        b"def g[T: (int, str) = int, *Ts, **P](x: T) -> h[T]: return i(x)\nclass C[T](B[T]): pass\n"
    ),
}


class _Expressions(cst.CSTVisitor):
    """All calls, attributes, subscripts and names, and whatever else is an expression."""

    def __init__(self) -> None:
        self.found: list[cst.CSTNode] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        # The parts of a dotted name in an import are no expressions, but have places like them.
        if isinstance(node, cst.BaseExpression) and not isinstance(node, cst.BaseString):
            self.found.append(node)
        return True


def _compare(name: str, content: bytes) -> int:
    source = SourceFile(name, content)
    wrapper = MetadataWrapper(parse(source), unsafe_skip_copy=True)
    positions = wrapper.resolve(PositionProvider)
    visitor = _Expressions()
    wrapper.module.visit(visitor)
    nodes = list({id(node): node for node in visitor.found if node in positions}.values())
    expected = [
        Place(where.start.line, where.start.column + 1, where.end.line, where.end.column + 1)
        for where in (positions[node] for node in nodes)
    ]
    assert list(locate(wrapper.module, nodes, source)) == expected
    return len(nodes)


@pytest.mark.parametrize("name", SOURCES)
def test_tricky_layout(name: str) -> None:
    count = _compare(name, SOURCES[name])
    assert count > 0 or name in ("empty", "only_newline", "only_comment")


@pytest.mark.parametrize("file", PYTHON_FILES, ids=lambda file: str(file.relative_to(REPOSITORY)))
def test_files_of_this_repository(file: Path) -> None:
    _compare(str(file), file.read_bytes())


def test_the_order_of_the_wanted_nodes_is_kept() -> None:
    source = SourceFile("x.py", b"f(1)\ng(2)\n")
    module = parse(source)
    visitor = _Expressions()
    module.visit(visitor)
    calls: list[cst.CSTNode] = [node for node in visitor.found if isinstance(node, cst.Call)]
    assert locate(module, calls[::-1], source) == (Place(2, 1, 2, 5), Place(1, 1, 1, 5))


def test_places_point_into_the_text_of_the_file() -> None:
    """Rows and columns count characters of the text without its byte order mark, as editors do."""
    source = SourceFile("x.py", b"\xef\xbb\xbf" + "ä = 'ß'; f(ö)\r\n".encode())
    module = parse(source)
    visitor = _Expressions()
    module.visit(visitor)
    call = next(node for node in visitor.found if isinstance(node, cst.Call))
    (place,) = locate(module, [call], source)
    assert source.lines[place.row - 1][place.column - 1 : place.end_column - 1] == "f(ö)"
