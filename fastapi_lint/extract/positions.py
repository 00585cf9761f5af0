"""Places of wanted expressions, without a metadata provider.

LibCST knows positions only while it generates code. This code generation records the offsets of the wanted nodes and
nothing else: a third of the cost of a parse instead of two to three times a parse for `PositionProvider` (measured;
`tests/test_positions.py` compares both).
"""

from __future__ import annotations

from types import TracebackType

import libcst as cst
from libcst._nodes.internal import CodegenState

from fastapi_lint.facts import Place
from fastapi_lint.source import SourceFile


class _Ignore:
    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        return None


class _Record(_Ignore):
    __slots__ = ("ordinal", "state")

    def __init__(self, state: _OffsetState, ordinal: int) -> None:
        self.state = state
        self.ordinal = ordinal

    def __enter__(self) -> None:
        self.state.starts[self.ordinal] = self.state.offset

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.state.ends[self.ordinal] = self.state.offset


_IGNORE = _Ignore()


class _OffsetState(CodegenState):
    """Counts characters instead of collecting tokens."""

    def __init__(self, module: cst.Module, wanted: dict[int, int]) -> None:
        super().__init__(default_indent=module.default_indent, default_newline=module.default_newline)
        self.wanted = wanted
        self.offset = 0
        self.indent_width = 0
        self.starts = [0] * len(wanted)
        self.ends = [0] * len(wanted)

    def increase_indent(self, value: str) -> None:
        self.indent_tokens.append(value)
        self.indent_width += len(value)

    def decrease_indent(self) -> None:
        self.indent_width -= len(self.indent_tokens.pop())

    def add_indent_tokens(self) -> None:
        self.offset += self.indent_width

    def add_token(self, value: str) -> None:
        self.offset += len(value)

    def pop_trailing_newline(self) -> None:
        return None

    # The base class promises a context manager made by a generator; a reused object is much cheaper to enter.
    def record_syntactic_position(  # type: ignore[override]
        self,
        node: cst.CSTNode,
        *,
        start_node: cst.CSTNode | None = None,  # noqa: ARG002 - the signature is LibCST's
        end_node: cst.CSTNode | None = None,  # noqa: ARG002
    ) -> _Ignore:
        ordinal = self.wanted.get(id(node))
        return _IGNORE if ordinal is None else _Record(self, ordinal)


def offsets(module: cst.Module, nodes: list[cst.CSTNode]) -> list[tuple[int, int]]:
    """Where `nodes` (each listed once) start and end in the code of `module`; (0, 0) for those that are not in it."""
    state = _OffsetState(module, {id(node): ordinal for ordinal, node in enumerate(nodes)})
    module._codegen(state)  # noqa: SLF001 - what `Module.code` calls, with a state of our own
    return list(zip(state.starts, state.ends, strict=True))


def locate(module: cst.Module, nodes: list[cst.CSTNode], source: SourceFile) -> tuple[Place, ...]:
    """The places of `nodes` (expressions of `module`, each listed once), in the same order."""
    if not nodes:
        return ()
    position = source.position
    places = []
    for start, end in offsets(module, nodes):
        first, last = position(start), position(end)
        places.append(Place(first.row, first.column, last.row, last.column))
    return tuple(places)
