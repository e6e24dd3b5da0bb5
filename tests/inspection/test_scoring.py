"""A score is what its verdicts and points say, whichever way one adds them up."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.inspection.scoring import (
    GRADES,
    MOST_POINTS,
    Grade,
    Mark,
    Verdict,
    grade_of,
    in_words,
    score_of,
)

MARKS = st.builds(
    Mark, st.integers(1, MOST_POINTS), st.sampled_from([*(one.value for one in Verdict), ""])
)
LISTS = st.lists(MARKS, max_size=12)


@given(LISTS)
def test_a_score_is_earned_over_possible_in_halves_of_points(marks: list[Mark]) -> None:
    halves = {"met": 2, "partly": 1, "unmet": 0, "": 0}
    counted = [one for one in marks if one.verdict in halves]
    earned = sum(one.points * halves[one.verdict] for one in counted)
    possible = sum(one.points for one in counted)

    value = score_of(marks).value

    if possible:
        exact = Decimal(earned) * 50 / Decimal(possible)
        assert value == exact.quantize(Decimal("0.1"), ROUND_HALF_UP)
        assert 0 <= value <= 100
    else:
        assert value is None


@given(LISTS, st.integers(1, MOST_POINTS))
def test_what_is_not_applicable_changes_nothing(marks: list[Mark], points: int) -> None:
    with_one = [*marks, Mark(points, Verdict.NOT_APPLICABLE)]

    assert score_of(with_one) == score_of(marks)


@given(LISTS, st.integers(1, MOST_POINTS))
def test_a_better_verdict_never_scores_less(marks: list[Mark], points: int) -> None:
    ladder = ["", Verdict.UNMET, Verdict.PARTLY, Verdict.MET]
    scores = [score_of([*marks, Mark(points, verdict)]).value or Decimal(0) for verdict in ladder]

    assert scores == sorted(scores)
    assert scores[0] == scores[1]  # none yet earns what not met earns


@given(LISTS)
def test_the_order_of_items_does_not_matter_and_lines_add_up(marks: list[Mark]) -> None:
    score = score_of(marks)

    assert score_of(marks[::-1]) == score
    assert sum((one.earned for one in marks), Fraction(0)) == score.earned


@given(st.decimals(0, 100, places=1))
def test_each_score_has_the_grade_of_the_highest_bound_it_reaches(value: Decimal) -> None:
    reached = [grade for least, grade in GRADES if value >= least]

    assert grade_of(value) == (reached[0] if reached else Grade.WEAK)


@pytest.mark.parametrize(
    ("number", "words"), [(Fraction(15, 2), "7,5"), (Fraction(100), "100"), (Decimal("9.0"), "9")]
)
def test_numbers_are_written_as_they_are_here(number: Fraction | Decimal, words: str) -> None:
    assert in_words(number) == words


def test_the_words_say_the_arithmetic() -> None:
    marks = [Mark(10, Verdict.PARTLY), Mark(5, Verdict.MET), Mark(7, Verdict.NOT_APPLICABLE)]

    assert score_of(marks).words.startswith("10 điểm đạt được / 15")
    assert score_of(marks).words.endswith("66,7")
    assert marks[0].words.endswith("= 5")
    assert score_of([]).value is None
