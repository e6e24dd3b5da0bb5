"""Long annexes of a plan: asked for, printed in pieces, after kills, twice at once, taken away."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.http import QueryDict
from django.urls import reverse
from pypdf import PdfReader

from orgmerge.models import AnnexPiece, Merger, Plan, PlanAnnex, PlanLine
from orgmerge.plans import annexes
from orgmerge.vocabulary import LineAbout, LineAction
from portal.accounts.models import User
from portal.audit.models import AuditEntry
from portal.core.roles import Role
from portal.core.rules import Refused
from portal.documents import pieces
from portal.documents import services as documents
from tests import builders
from tests.builders import NOW
from tests.orgmerge import planned
from tests.orgmerge.planned import signed_in

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("in_november"),
    pytest.mark.paper,
]
EVERY = QueryDict()
SOME = QueryDict("q=nguoi")
MADE_UP = 55


@pytest.fixture
def long_plan(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """A plan of 70 lines where ten are printed at once, 30 in a piece, a piece in a sweep."""
    monkeypatch.setattr("orgmerge.plans.views.plan.MOST_AT_ONCE", 10)
    monkeypatch.setattr("orgmerge.plans.views.annex.MOST_AT_ONCE", 10)
    monkeypatch.setattr(annexes, "PIECE_ROWS", 30)
    monkeypatch.setattr(annexes, "AT_A_TIME", 0)
    some = plan.lines.filter(about=LineAbout.CERTIFICATE).first()
    assert some is not None
    PlanLine.objects.bulk_create(
        PlanLine(
            plan=plan,
            about=LineAbout.CERTIFICATE,
            target_id=1_000_000 + index,
            target_uuid=some.target_uuid,
            title=f"Người {index};",
            search_title=f"nguoi {index}",
            agency_id=some.agency_id,
            sender_id=some.sender_id,
            action=LineAction.CHANGE,
            form="04",
            reason="agency_renamed",
            stage=4,
        )
        for index in range(MADE_UP)
    )
    return plan


def asked(merger: Merger, user: User, params: QueryDict = SOME) -> PlanAnnex:
    return annexes.ask(merger, params, actor=user, now=NOW)


def sweep_to_the_end() -> int:
    runs = 0
    while annexes.print_waiting(now=NOW):
        runs += 1
    return runs


def made(annex: PlanAnnex) -> PdfReader:
    annex.refresh_from_db()
    assert annex.document is not None, annex.problem
    return PdfReader(BytesIO(documents.read(annex.document)))


def text_of(pdf: PdfReader) -> str:
    return "\n".join(page.extract_text() for page in pdf.pages)


def page_of(merger: Merger, query: str = "?q=nguoi") -> str:
    return reverse("orgmerge:plan_annex", args=[merger.uuid]) + query


def file_of(annex: PlanAnnex) -> str:
    return reverse("orgmerge:plan_annex_file", args=[annex.plan.merger.uuid, annex.uuid])


# Made by the worker


def test_every_line_is_on_paper_once_and_the_reasons_once_at_the_head(
    merger: Merger, officer: User, long_plan: Plan
) -> None:
    annex = asked(merger, officer)

    assert sweep_to_the_end() >= 3

    pdf = made(annex)
    text = text_of(pdf)
    assert all(text.count(f"Người {index};") == 1 for index in range(MADE_UP))
    assert text.count("275/BCY-CTSBMTT mục 1; Điều 15 Nghị định 68/2024/NĐ-CP") == 1
    assert "(TRÍCH)" in text
    assert "kế hoạch chưa được phê duyệt" in text
    assert (annex.lines_done, annex.lines_total) == (MADE_UP, MADE_UP)
    assert annex.pages == len(pdf.pages)
    assert not AnnexPiece.objects.exists()
    actions = ["merger.ask_annex", "merger.make_annex"]
    assert (
        list(AuditEntry.objects.filter(action__contains="annex").values_list("action", flat=True))
        == actions
    )


def test_all_lines_are_in_the_order_of_the_page(
    merger: Merger, officer: User, long_plan: Plan
) -> None:
    annex = asked(merger, officer, EVERY)
    sweep_to_the_end()

    text = text_of(made(annex))

    places = [text.index(f"Người {index};") for index in range(MADE_UP)]
    assert places == sorted(places)
    assert annex.lines_total == long_plan.lines.count()
    assert "(trích)" not in text


@pytest.mark.both
def test_who_asks_twice_gets_one(merger: Merger, officer: User, long_plan: Plan) -> None:
    head = builders.user(Role.OFFICE_HEAD, agency=officer.agency)

    waiting = [asked(merger, officer), asked(merger, head, QueryDict("after=4~1&q=nguoi"))]
    sweep_to_the_end()
    again = asked(merger, officer)

    assert {one.pk for one in waiting} == {again.pk}
    assert again.document is not None


def test_another_extract_is_another_annex(merger: Merger, officer: User, long_plan: Plan) -> None:
    assert asked(merger, officer).pk != asked(merger, officer, EVERY).pk


def test_after_a_kill_between_pieces_the_next_worker_goes_on(
    merger: Merger, officer: User, long_plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    annex = asked(merger, officer)
    annexes.print_waiting(now=NOW)
    with monkeypatch.context() as killing:
        killing.setattr(annexes, "print_piece", _killed)
        with pytest.raises(KeyboardInterrupt):
            annexes.print_waiting(now=NOW)
    first = AnnexPiece.objects.get()

    assert annexes.print_waiting(now=NOW) == 0  # the dead one's lease holds
    later = NOW + annexes.LEASE + timedelta(seconds=1)
    while annexes.print_waiting(now=later):
        if piece := AnnexPiece.objects.filter(number=1).first():
            assert piece.pk == first.pk

    text = text_of(made(annex))
    assert all(text.count(f"Người {index};") == 1 for index in range(MADE_UP))


def test_killed_while_the_pieces_are_joined_it_is_joined_again(
    merger: Merger, officer: User, long_plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    annex = asked(merger, officer)
    with monkeypatch.context() as killing:
        killing.setattr(pieces, "join", _killed)
        with pytest.raises(KeyboardInterrupt):
            sweep_to_the_end()
    annex.refresh_from_db()
    assert (annex.lines_done, annex.document) == (MADE_UP, None)

    annexes.print_waiting(now=NOW + annexes.LEASE + timedelta(seconds=1))

    assert text_of(made(annex)).count("Người ") == MADE_UP


def test_of_two_workers_at_once_one_prints(
    merger: Merger, officer: User, long_plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    annex = asked(merger, officer)
    real, others = pieces.print_piece, []

    def meanwhile(*args: Any, **kwargs: Any) -> pieces.Piece:
        others.append(annexes.print_waiting(now=NOW))
        return real(*args, **kwargs)

    monkeypatch.setattr(annexes, "print_piece", meanwhile)
    sweep_to_the_end()

    assert set(others) == {0}
    assert text_of(made(annex)).count("Người ") == MADE_UP


def test_who_comes_back_after_the_lease_keeps_nothing(
    merger: Merger, officer: User, long_plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    annex = asked(merger, officer)
    real, is_first = pieces.print_piece, [True]

    def overtaken(*args: Any, **kwargs: Any) -> pieces.Piece:
        if is_first.pop() if is_first else False:
            annexes.print_waiting(now=NOW + annexes.LEASE + timedelta(seconds=1))
        return real(*args, **kwargs)

    monkeypatch.setattr(annexes, "print_piece", overtaken)
    annexes.print_waiting(now=NOW)

    assert AnnexPiece.objects.count() == 1  # the other's
    sweep_to_the_end()
    assert text_of(made(annex)).count("Người ") == MADE_UP


def test_what_cannot_be_printed_says_so_and_can_be_asked_for_again(
    merger: Merger, officer: User, long_plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    annex = asked(merger, officer)
    annexes.print_waiting(now=NOW)
    with monkeypatch.context() as breaking:
        breaking.setattr(annexes, "print_piece", _broken)
        annexes.print_waiting(now=NOW)

    page = signed_in(officer).get(page_of(merger)).content.decode()

    assert "lỗi hệ thống (ZeroDivisionError)" in page
    assert not AnnexPiece.objects.exists()
    assert annexes.print_waiting(now=NOW) == 0
    asked(merger, officer)
    sweep_to_the_end()
    assert made(annex).pages


def test_an_annex_of_an_older_plan_is_not_made_nor_shown(
    merger: Merger, officer: User, long_plan: Plan
) -> None:
    ready = asked(merger, officer)
    sweep_to_the_end()
    waiting = asked(merger, officer, EVERY)
    planned.plan_of(merger, officer)

    assert annexes.print_waiting(now=NOW) == 0

    assert not PlanAnnex.objects.filter(pk=waiting.pk).exists()
    assert signed_in(officer).get(file_of(ready)).status_code == 404
    plan_page = signed_in(officer).get(reverse("orgmerge:plan", args=[merger.uuid]))
    assert plan_page.context["annexes"] == []


def test_an_annex_of_the_draft_is_not_that_of_the_approved_plan(
    merger: Merger, officer: User, long_plan: Plan
) -> None:
    draft = asked(merger, officer)
    sweep_to_the_end()
    planned.approve(merger, long_plan)

    assert signed_in(officer).get(file_of(draft)).status_code == 404
    approved = asked(merger, officer)
    sweep_to_the_end()

    assert approved.pk != draft.pk
    assert "chưa được phê duyệt" not in text_of(made(approved))


def test_the_next_day_it_can_be_made_anew(merger: Merger, officer: User, long_plan: Plan) -> None:
    annex = asked(merger, officer)
    sweep_to_the_end()

    again = annexes.ask(merger, SOME, actor=officer, now=NOW + timedelta(days=1))

    assert (again.pk, again.document, again.lines_done) == (annex.pk, None, 0)


def test_beyond_the_most_lines_it_is_refused_with_a_way_out(
    merger: Merger, officer: User, long_plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(annexes, "MOST_LINES", MADE_UP - 1)
    monkeypatch.setattr("orgmerge.plans.views.annex.MOST_LINES", MADE_UP - 1)

    page = signed_in(officer).get(page_of(merger)).content.decode()
    with pytest.raises(Refused) as refusal:
        asked(merger, officer)

    assert f"chỉ lập được đến {MADE_UP - 1} dòng" in page
    assert "export=xlsx" in page
    assert [one.code for one in refusal.value.violations] == ["annex_too_long"]
    assert not PlanAnnex.objects.exists()


def test_at_the_most_lines_it_is_printed(
    merger: Merger, officer: User, long_plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(annexes, "MOST_LINES", MADE_UP)

    assert asked(merger, officer).lines_total == MADE_UP


# The pages


def test_a_long_annex_is_asked_for_watched_and_taken_away(
    merger: Merger, officer: User, long_plan: Plan
) -> None:
    client = signed_in(officer)
    plan_page = reverse("orgmerge:plan", args=[merger.uuid])

    sent = client.get(f"{plan_page}?export=pdf&q=nguoi")
    assert sent.headers["Location"] == page_of(merger)
    assert "Lập phụ lục" in client.get(page_of(merger)).content.decode()
    assert client.post(page_of(merger)).headers["Location"] == page_of(merger)
    annexes.print_waiting(now=NOW)
    annex = PlanAnnex.objects.get()
    under_way = client.get(page_of(merger), headers={"HX-Request": "true"}).content.decode()
    assert f"Đã in {annex.lines_done} trên {MADE_UP} dòng" in under_way
    assert "hx-trigger" in under_way
    assert "<html" not in under_way
    assert "Đang lập phụ lục" in client.get(plan_page).content.decode()
    sweep_to_the_end()

    done = client.get(page_of(merger)).content.decode()
    answer = client.get(file_of(annex))

    assert "hx-trigger" not in done.split('id="phu-luc"')[1].split("</section>")[0]
    assert file_of(annex) in done
    assert file_of(annex) in client.get(plan_page).content.decode()
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")
    entry = AuditEntry.objects.get(action="register.export")
    assert entry.data == {"list": "phu-luc-ke-hoach-xu-ly", "rows": MADE_UP, "narrowed_by": []}


def test_a_short_annex_is_offered_at_once(merger: Merger, officer: User, long_plan: Plan) -> None:
    page = signed_in(officer).get(page_of(merger, "?about=dossier")).content.decode()

    assert "about=dossier&amp;export=pdf" in page
    assert 'method="post" action="/sap-nhap' not in page


# Who may


def test_a_body_has_annexes_of_its_own_lines_alone(
    merger: Merger, officer: User, long_plan: Plan
) -> None:
    planned.approve(merger, long_plan)
    mine, other = planned.old_bodies(merger)
    clerk, stranger = (builders.user(Role.CLERK, agency=one) for one in (mine, other))
    the_offices = asked(merger, officer, EVERY)
    theirs = asked(merger, clerk, EVERY)
    sweep_to_the_end()
    theirs.refresh_from_db()

    assert theirs.lines_total == long_plan.lines.filter(agency=mine).count()
    assert other.name not in text_of(made(theirs))
    codes = {
        (user.role, user.agency_id, one.pk): signed_in(user).get(file_of(one)).status_code
        for user in (clerk, stranger, officer, builders.user(Role.CA_OPERATOR))
        for one in (the_offices, theirs)
    }
    assert list(codes.values()) == [404, 200, 404, 404, 200, 404, 200, 404]


def test_a_draft_is_the_offices_own(merger: Merger, officer: User, long_plan: Plan) -> None:
    annex = asked(merger, officer)
    sweep_to_the_end()
    annex.refresh_from_db()

    for user in (
        builders.user(Role.CLERK, agency=planned.old_bodies(merger)[0]),
        builders.user(Role.CA_OPERATOR),
        builders.user(Role.OFFICE_OFFICER),
    ):
        client = signed_in(user)
        assert client.get(page_of(merger)).status_code == 404
        assert client.post(page_of(merger)).status_code == 404
        assert client.get(file_of(annex)).status_code == 404
        with pytest.raises((Merger.DoesNotExist, Plan.DoesNotExist)):
            asked(merger, user)


def test_one_under_way_has_no_file(merger: Merger, officer: User, long_plan: Plan) -> None:
    assert signed_in(officer).get(file_of(asked(merger, officer))).status_code == 404


def _killed(*_args: Any, **_kwargs: Any) -> Any:
    raise KeyboardInterrupt


def _broken(*_args: Any, **_kwargs: Any) -> Any:
    raise ZeroDivisionError
