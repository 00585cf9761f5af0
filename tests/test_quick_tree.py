"""Facts from quick trees are those that LibCST's parser leads to, places and all."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_positions import PYTHON_FILES, SOURCES

from fastapi_lint.context import node_handlers
from fastapi_lint.extract import extract
from fastapi_lint.extract.quick_tree import NotQuick, QuickTree
from fastapi_lint.registry import load_rules
from fastapi_lint.source import SourceError, SourceFile

ROOT = Path(__file__).parent.parent
FIXTURES = sorted((ROOT / "tests" / "fixtures").rglob("*.py"))
HANDLERS = node_handlers(list(load_rules(()).node_rules()))

LIKE = {
    "index_tuples": b"a: x[b, c]\nd: x[(b, c)] = f(1)\nd: x[()] = x[(g()), (h())]\n",
    "else_if": b"if a():\n    x()\nelse:\n    if b():\n        y()\nif a():\n    x()\nelif b():\n    y()\nelse: z()\n",
    "joined_strings": b"f('a' 'b', 'a''b', '''a''' \"b\", '''a''''', r'\\d', b'x' b'y', 'a\\'b', \"\"\"\n'x' \\\"\"\" \"\"\")\n",  # noqa: E501
    "numbers": b"f(0x1F, 1_000, 1e3, 2j, -1, 99999999999999999999999)\n",
    "formatted": b"async def g():\n    f(f'{await a.b(1):>{c(2)}}', f'''\n  {d.e[0]}\n''' 'x' f'{h(3)!r} {i()=}')\n",
    "wide": "x = 'ä' + f('🐌', g('é')(h), f'ö{i(1)}').j['ü']\n".encode(),
    "tuples": b"for x in a(), (b()):\n    c(*(d, e))\nfor y in (a(), b()): y()\nfor z in (i() for i in j): z()\n",
    "parameters": b"def f(a, b: c = d(), /, e=g(), *h: i, j, k=l(), **m: n) -> o: ...\ndef p(*, q): lambda *r, s=t(), **u: v()\n",  # noqa: E501
    "arguments": b"f(a(), *b(), c=d(), *e(), **g())\nclass C(A, *B, metaclass=M(), **k()): x = 1\n",
    "booleans": b"x = a() and b() and (c() or d() or e()) and not f()\nif a.b or c.d: pass\ny = a < b() <= c != d\n",
    "titles": b"async \\\n def f(): ...\nclass \\\n C: ...\ndef  g(): ...\n@a.b(1)\nasync  def h(): ...\n",
    "deletions": b"del a, b.c\ndel (d.e, f[0])\ndel g.h\nwith (a() as b, c() as d.e): pass\nwith (a(), b()): pass\n",
}
UNLIKE = {
    "match": b"match f():\n    case 1: g()\n",
    "wide_names": "größe = f(1)\n".encode(),
    "no_syntax": b"def f(:\n",
}


def _facts(source: SourceFile, quick: bool) -> object:
    try:
        return extract(source, HANDLERS, quick=quick)
    except SourceError as error:
        return str(error), error.position


@pytest.mark.parametrize("name", [*SOURCES, *LIKE, *UNLIKE])
def test_pieces(name: str) -> None:
    source = SourceFile(name, {**SOURCES, **LIKE, **UNLIKE}[name])
    assert repr(_facts(source, quick=True)) == repr(_facts(source, quick=False))


@pytest.mark.parametrize("name", LIKE)
def test_these_need_no_other_parser(name: str) -> None:
    QuickTree(SourceFile(name, LIKE[name]))


@pytest.mark.parametrize("name", UNLIKE)
def test_these_do(name: str) -> None:
    with pytest.raises(NotQuick):
        QuickTree(SourceFile(name, UNLIKE[name]))


def test_files() -> None:
    for file in [*PYTHON_FILES, *FIXTURES]:
        try:
            source = SourceFile(str(file), file.read_bytes())
        except SourceError:
            continue
        assert repr(_facts(source, quick=True)) == repr(_facts(source, quick=False)), file


def test_a_plain_file_is_quick() -> None:
    quick = 0
    for file in PYTHON_FILES:
        try:
            QuickTree(SourceFile(str(file), file.read_bytes()))
            quick += 1
        except NotQuick:
            continue
    assert quick > 0.8 * len(PYTHON_FILES)
