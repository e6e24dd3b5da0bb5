"""Who signs for a body: what is recorded, what is refused, how the page shows and ends it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from portal.agencies.facts import SignerFacts
from portal.agencies.models import Agency, Signer, SigningForm
from portal.agencies.services import add_signer, end_signer
from portal.audit.models import AuditEntry
from portal.core.roles import Role
from portal.core.rules import Refused
from tests import builders
from tests.builders import NOW

pytestmark = pytest.mark.django_db

HEAD = SignerFacts(
    name="Lò Văn Chủ", form=SigningForm.HEAD, title="Chủ tịch", valid_from=date(2026, 1, 1)
)
DEPUTY = replace(HEAD, name="Vàng Thị Phó", form="deputy", title="PHÓ CHỦ TỊCH", document="TB 5")
BY_ORDER = replace(
    DEPUTY, name="Tẩn A Văn", form="by_order", title="CHÁNH VĂN PHÒNG", papers=("04", "06")
)


def add(agency: Agency, facts: SignerFacts) -> Signer:
    return add_signer(agency, facts, actor=None, now=NOW)


def refusal(agency: Agency, **changes: Any) -> set[str]:
    base = changes.pop("base", DEPUTY)
    with pytest.raises(Refused) as refused:
        add(agency, replace(base, **changes))
    return {one.code for one in refused.value.violations}


def test_the_block_says_in_whose_name_for_whom_and_as_what() -> None:
    agency = builders.agency()
    version = agency.versions.get()
    version.signs_for = "TM. ỦY BAN NHÂN DÂN"

    blocks = {
        form: Signer(form=form, title=title).lines(version)
        for form, title in (
            ("head", "CHỦ TỊCH"),
            ("acting", "CHỦ TỊCH"),
            ("deputy", "PHÓ CHỦ TỊCH"),
            ("by_order", "CHÁNH VĂN PHÒNG"),
            ("by_authority", "GIÁM ĐỐC TRUNG TÂM"),
        )
    }

    assert blocks == {
        "head": ["TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH"],
        "acting": ["TM. ỦY BAN NHÂN DÂN", "Q. CHỦ TỊCH"],
        "deputy": ["TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"],
        "by_order": ["TL. CHỦ TỊCH", "CHÁNH VĂN PHÒNG"],
        "by_authority": ["TUQ. CHỦ TỊCH", "GIÁM ĐỐC TRUNG TÂM"],
    }


def test_an_authority_is_recorded_with_what_the_decree_asks_for() -> None:
    agency = builders.agency()

    assert refusal(agency, document="") == {"authority_without_document"}
    assert refusal(agency, form="by_order") == {"authority_names_no_paper"}
    assert refusal(agency, form="by_authority", papers=("06",)) == {"authority_without_end"}
    assert refusal(agency, title="KT. CHỦ TỊCH") == {"title_with_form"}
    assert refusal(agency, name="") == {"missing"}
    assert refusal(agency, valid_until=DEPUTY.valid_from) == {"ends_before_start"}
    assert not agency.signers.exists()


def test_there_is_one_head_at_a_time_and_several_deputies() -> None:
    agency = builders.agency()
    head = add(agency, HEAD)
    add(agency, DEPUTY)
    add(agency, replace(DEPUTY, name="Giàng A Phó"))

    assert refusal(agency, base=HEAD, name="Người Khác", form="acting", document="QĐ 1") == {
        "two_heads"
    }
    assert refusal(agency) == {"signer_twice"}
    end_signer(head, on=date(2026, 6, 1), actor=None, now=NOW)
    add(agency, replace(HEAD, name="Người Khác", valid_from=date(2026, 6, 1)))
    assert head.title == "CHỦ TỊCH"


def test_an_end_is_never_taken_back_nor_put_before_the_beginning() -> None:
    signer = add(builders.agency(), HEAD)
    end_signer(signer, on=date(2026, 6, 1), actor=None, now=NOW)

    for day, code in ((date(2026, 7, 1), "ended_already"), (date(2025, 1, 1), "ends_before_start")):
        with pytest.raises(Refused) as refused:
            end_signer(signer, on=day, actor=None, now=NOW)
        assert [one.code for one in refused.value.violations] == [code]
    assert AuditEntry.objects.filter(action="agency.end_signer").count() == 1


def test_only_an_administrator_records() -> None:
    agency = builders.agency()

    with pytest.raises(PermissionDenied):
        add_signer(agency, HEAD, actor=builders.user(Role.CLERK, agency=agency), now=NOW)


def test_the_page_records_a_deputy_with_an_account_and_ends_it(client: Client) -> None:
    agency = builders.agency()
    person = builders.person("Vàng Thị Phó", at=agency)
    account = builders.user(Role.HEAD, agency=agency, person=person, name="Vàng Thị Phó")
    client.force_login(builders.user(Role.ADMINISTRATOR))
    page = reverse("agencies:signers", args=[agency.uuid])
    typed = {
        "account": str(account.uuid),
        "form": "deputy",
        "title": "Phó Chủ tịch",
        "document": "TB 05/TB-UBND",
        "valid_from": "01/01/2026",
    }

    assert client.post(page, typed | {"valid_from": "no"}).status_code == 200
    assert client.post(page, typed).status_code == 302
    signer = agency.signers.get()
    assert (signer.person, signer.name, signer.title) == (person, "Vàng Thị Phó", "PHÓ CHỦ TỊCH")
    end = reverse("agencies:end_signer", args=[signer.uuid])
    client.post(end, {"on": "không phải ngày"})
    client.post(end, {"on": "01/02/2026"})
    signer.refresh_from_db()
    assert signer.valid_until == date(2026, 2, 1)
    (line,) = client.get(page).context["lines"]
    assert (line["is_in_force"], line["may_end"]) == (False, False)


def test_a_clerk_reads_who_signs_and_changes_nothing(client: Client) -> None:
    agency = builders.agency()
    signer = add(agency, HEAD)
    add(agency, BY_ORDER)
    client.force_login(builders.user(Role.CLERK, agency=agency))
    page = reverse("agencies:signers", args=[agency.uuid])

    assert client.get(page).context["form"] is None
    assert client.post(page, {}).status_code == 403
    assert client.post(reverse("agencies:end_signer", args=[signer.uuid])).status_code == 403
    assert "Mẫu số 04, Mẫu số 06" in client.get(page).text
    shown = client.get(reverse("agencies:detail", args=[agency.uuid])).context["signers"]
    assert {one.name for one in shown} == {HEAD.name, BY_ORDER.name}
