"""Many rows written at once: each its own values, whatever their types, and no other row."""

from __future__ import annotations

import pytest

from portal.ca.models import Certificate
from portal.core.database import bulk
from portal.core.database.bulk import update_rows
from requests_app.models import Decision, DossierItem
from tests import builders

pytestmark = [pytest.mark.django_db, pytest.mark.both]


def test_each_row_gets_its_own_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "_UPDATED_AT_ONCE", 2)
    *rows, other = builders.dossier(agency=builders.agency(), rows=6).items.order_by("position")
    person = builders.person(at=rows[0].dossier.agency)
    for number, row in enumerate(rows):
        row.answers = {"full_name": f"Người '{number}' %s"}
        row.subscriber = person if number % 2 else None
        row.renews = bool(number % 2)
        row.serial = "" if number == 3 else f"{number:04X}"
        row.position = 10 + number

    fields = ["answers", "subscriber", "renews", "serial", "position"]
    assert update_rows(rows, fields) == 5

    written = list(DossierItem.objects.exclude(pk=other.pk).order_by("position"))
    for name in fields:
        assert [getattr(one, name) for one in written] == [getattr(one, name) for one in rows]
    kept = DossierItem.objects.get(pk=other.pk)
    assert [getattr(kept, name) for name in fields] == [getattr(other, name) for name in fields]


def test_days_and_moments_are_written_and_emptied() -> None:
    person = builders.person(at=builders.agency())
    version = person.agency.versions.get()
    made = [builders.certificate(subscriber=person) for _number in range(2)]
    version.valid_until = builders.TODAY
    Certificate.objects.update(installed_at=builders.NOW)
    made[0].installed_at, made[1].installed_at = builders.NOW, None

    update_rows([version], ["valid_until"])
    update_rows(made, ["installed_at"])

    assert person.agency.versions.get().valid_until == builders.TODAY
    said = Certificate.objects.order_by("pk").values_list("installed_at", flat=True)
    assert list(said) == [builders.NOW, None]


def test_a_row_that_no_longer_holds_what_it_should_is_left() -> None:
    rows = list(builders.dossier(agency=builders.agency(), rows=3).items.order_by("position"))
    DossierItem.objects.filter(pk=rows[1].pk).update(decision=Decision.REFUSED)
    for row in rows:
        row.serial = "AB"

    assert update_rows(rows, ["serial"], where={"decision": ""}) == 2
    assert DossierItem.objects.get(pk=rows[1].pk).serial == ""
