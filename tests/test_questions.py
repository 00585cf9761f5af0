"""What one test says of another is so for every value."""

from itertools import combinations, product

import pytest

from fastapi_lint.project.code.questions import Question, answer
from fastapi_lint.project.types.values import LiteralV

VALUES = (None, True, False, "", "a", "b")
SETS = [frozenset(chosen) for size in range(3) for chosen in combinations(VALUES, size)]
QUESTIONS = [Question(0, frozenset(map(LiteralV, chosen)), positive) for chosen in SETS for positive in (True, False)]


def told(question: Question, value: object) -> bool:
    if not question.values:
        return bool(value) is question.positive
    return any(one.value is value or one.value == value for one in question.values) is question.positive


@pytest.mark.parametrize("known", QUESTIONS, ids=range(len(QUESTIONS)))
def test_an_answer_holds_for_every_value(known: Question) -> None:
    for holds, asked in product((True, False), QUESTIONS):
        said = answer(known, holds, asked)
        wrong = [value for value in (*VALUES, "c", 7) if told(known, value) is holds and told(asked, value) is not said]
        assert said is None or not wrong


@pytest.mark.parametrize(
    ("known", "holds", "asked", "said"),
    [
        (("text", "all"), True, ("image",), False),
        (("text",), True, ("text", "all"), True),
        (("text", "all"), True, ("text",), None),
        (("text", "all"), False, ("text",), False),
        (("text",), False, ("text", "all"), None),
        ((None,), True, (), False),
        ((None,), False, (), None),
        ((), True, (None,), False),
        ((), False, (None,), None),
        ((), False, ("text",), False),
    ],
)
def test_what_is_said(
    known: tuple[str | None, ...], holds: bool, asked: tuple[str | None, ...], said: bool | None
) -> None:
    first, second = (Question(0, frozenset(map(LiteralV, values)), True) for values in (known, asked))
    assert answer(first, holds, second) is said


def test_a_member_of_an_enumeration_may_equal_a_text() -> None:
    member, text = (Question(0, frozenset({value}), True) for value in (LiteralV("TEXT", 5), LiteralV("text")))
    assert answer(member, True, text) is None
    assert answer(member, True, Question(0, frozenset(), True)) is None
    assert answer(member, True, Question(0, frozenset({LiteralV("ALL", 5)}), True)) is False
