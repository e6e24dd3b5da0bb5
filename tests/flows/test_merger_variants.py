"""Other ways a merger goes, through HTTP: a name that is kept, and one that is withdrawn."""

from __future__ import annotations

import pytest
import time_machine

from orgmerge.vocabulary import LineAction, MergerState
from portal.agencies.models import Agency
from requests_app.models import Dossier
from requests_app.workflow import State
from tests.flows import merging
from tests.flows.merging import Province
from tests.flows.visitor import Visitor

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(600)]

PERSON = "Lò Thị Bình"


def test_the_body_whose_name_is_kept_keeps_its_certificate(
    clock: time_machine.Traveller,
) -> None:
    province = merging.province(clock, people=({}, {PERSON: 900}))
    kept, absorbed = province.towns
    officer = merging.described_into(province, kept.agency)
    merging.planned(province, officer)

    assert not officer.has_button("Chọn")  # M2: nothing to choose
    assert province.line(kept.organisation).action == LineAction.KEEP
    assert province.line(absorbed.organisation).action == LineAction.REVOKE
    assert province.line(province.held(PERSON)).form == "04"
    merging.approved(province, officer)
    clock.move_to(merging.IN_FORCE)
    merging.sweep()
    officer = Visitor(province.officer).open(f"{province.page}hieu-luc/")
    officer.press("Ghi nhận đã gửi Cục", number="15/SKHCN-CNTT", sent_on="30/11/2026")
    merging.sweep()

    kept.agency.refresh_from_db()
    absorbed.clerk.refresh_from_db()
    assert (kept.agency.name, absorbed.clerk.agency) == (merging.KHOA, kept.agency)
    drafts = Dossier.objects.filter(agency=kept.agency, state=State.DRAFT)
    # The certificate that goes on is in use: people's letters go at once, revocations after them.
    assert [draft.kind for draft in drafts] == ["mau_04_renew_change"]


def test_a_merger_withdrawn_before_its_day_leaves_everything_as_it_was(
    clock: time_machine.Traveller,
) -> None:
    province = merging.province(clock, people=({PERSON: 900}, {}))
    officer = merging.described(province)
    _planned_and_approved(province, officer)

    head = Visitor(province.office_head).open(province.page)
    head.press("Rút phương án")
    assert province.merger.state == MergerState.APPROVED, head.words()  # without a reason: no
    head.press("Rút phương án", reason="Nghị quyết bị bãi bỏ")
    clock.move_to(merging.IN_FORCE)
    merging.sweep()

    assert province.merger.state == MergerState.WITHDRAWN
    assert not Agency.objects.filter(name=merging.NEW_NAME).exists()
    assert not Dossier.objects.exists()
    for town in province.towns:
        town.clerk.refresh_from_db()
        assert town.clerk.agency == town.agency
    merging.described(province)  # the same two can be described anew
    assert not province.merger.steps.exists()


def _planned_and_approved(province: Province, officer: Visitor) -> None:
    merging.planned(province, officer)
    chosen = province.towns[0].organisation
    merging.choose(province, officer, chosen)
    merging.planned(province, officer)
    merging.approved(province, officer)
