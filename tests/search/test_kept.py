"""Whoever writes a name, a place or a body keeps the words: none is missing, none is left over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from portal.accounts.models import User
from portal.agencies import services
from portal.agencies.models import Agency, Subscriber
from portal.core.roles import Role
from requests_app.drafts import services as drafts
from requests_app.models import Dossier
from requests_app.succession.dossiers import continue_under
from tests import builders, words
from tests.builders import NOW, TODAY

pytestmark = [pytest.mark.django_db, pytest.mark.both]
OLD, NEW = "Lò Văn Tím", "Vàng Thị Sáu"


def person(at: Agency, number: str = "012084000123") -> Subscriber:
    return services.match_or_create_person(number, name=OLD, agency=at, now=NOW)


def change_place(body: Agency) -> None:
    one = person(body)
    place = services.NewPlace(subscriber=one, leaves=body)
    services.change_places([place], agency=builders.agency(), now=NOW + timedelta(days=1))


def transfer(body: Agency) -> None:
    one = person(body)
    transfers = {one.pk: services.SubscriberTransfer(to=builders.agency(office=builders.office()))}
    services.transfer_affiliations(list(one.affiliations.all()), transfers, day=TODAY)
    services.transfer_subscribers([one], transfers)


def rename(body: Agency) -> None:
    services.organisation_subscriber(body)
    person(body)
    facts = body.versions.get().facts()
    new = services.AgencyFacts(
        **facts.columns() | {"name": "ỦY BAN NHÂN DÂN XÃ MỚI", "office": builders.office()}
    )
    services.change_version(body, new, valid_from=TODAY, actor=None, now=NOW)


def another_office(body: Agency) -> None:
    person(body)
    office = body.office
    assert office is not None
    services.hand_on_bodies(
        office, builders.office(), from_day=TODAY, decision="Thử", at_once=9, now=NOW
    )


def come_again(body: Agency) -> None:
    person(body)
    person(builders.agency(office=body.office))


@pytest.mark.parametrize(
    "write", [person, change_place, transfer, rename, another_office, come_again]
)
def test_words_of_people_and_bodies_follow(write: Callable[[Agency], object]) -> None:
    body = builders.agency("ỦY BAN NHÂN DÂN XÃ CŨ", office=builders.office())
    words.fill()

    write(body)

    kept = words.standing("SubscriberWord")
    renamed = {row for row in words.standing("AgencyWord") if row[1] == body.pk}
    words.fill()
    assert kept == words.standing("SubscriberWord") != set()
    assert renamed == {row for row in words.standing("AgencyWord") if row[1] == body.pk}


def names(dossier: Dossier) -> set[object]:
    return {row[2] for row in words.standing("ItemWord")}


def test_words_of_rows_follow() -> None:
    clerk: User = builders.user(Role.CLERK)
    builders.routing()
    dossier = drafts.create_draft("mau_01_person", actor=clerk, now=NOW)

    def now_is() -> Dossier:
        dossier.refresh_from_db()
        return dossier

    said = {"actor": clerk, "now": NOW}
    row = drafts.add_row(dossier, {"full_name": OLD}, version=now_is().version, **said)  # type: ignore[arg-type]
    assert "van tim" in names(dossier)
    drafts.save_rows(dossier, {row.uuid: {"full_name": NEW}}, version=now_is().version, **said)  # type: ignore[arg-type]
    assert names(dossier) == {"vang thi sau", "thi sau", "sau", "vang sau"}
    heir = builders.agency(office=builders.office())
    continue_under(now_is(), heir, names={}, reason="Thử", now=NOW)
    assert {row[3:] for row in words.standing("ItemWord")} == {(heir.pk, heir.office_id)}
    now_is().items.all().delete()
    assert names(dossier) == set()
