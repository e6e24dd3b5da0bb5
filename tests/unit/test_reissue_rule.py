"""When a certificate is asked for anew, at the edge of 30 days."""

from __future__ import annotations

from datetime import date

import pytest

from requests_app.rules.reissue import may_be_issued_anew

FIRST_DAY = date(2026, 12, 21)


@pytest.mark.parametrize(("days_left", "is_open"), [(30, False), (29, True), (0, True)])
def test_a_new_issue_opens_when_renewal_closes(days_left: int, is_open: bool) -> None:
    found = may_be_issued_anew(days_left, has_ended=False, from_day=FIRST_DAY)

    assert (found is None) is is_open


def test_what_has_ended_is_issued_anew_however_long_it_would_have_been_valid() -> None:
    assert may_be_issued_anew(400, has_ended=True, from_day=FIRST_DAY) is None


def test_the_refusal_says_the_article_the_day_and_what_to_do_until_then() -> None:
    found = may_be_issued_anew(31, has_ended=False, from_day=FIRST_DAY)

    assert found is not None
    assert found.code == "still_long_valid"
    assert "Điều 21" in found.article
    assert "21/12/2026" in found.way_out
    assert "Mẫu 04" in found.way_out


def test_long_numbers_of_days_are_written_as_everywhere_else() -> None:
    found = may_be_issued_anew(1786, has_ended=False, from_day=FIRST_DAY)

    assert found is not None
    assert "1.786 ngày" in found.message
