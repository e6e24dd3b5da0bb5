"""Mẫu 04 when something goes wrong: killed workers, two at once, a failing CA, changed facts.

Whatever happens there is one successor, and a row that fails leaves device and certificate alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.conf import settings
from django.db import IntegrityError, connection, transaction

from devices.lifecycle import Condition
from devices.models import CustodyMove, Device
from portal.agencies.models import Subscriber
from portal.ca.authority import ceremony, keystore
from portal.ca.authority import services as authority
from portal.ca.models import Certificate, Issuance, RevocationReason
from portal.ca.register import services as ca
from portal.notices.models import Mail
from requests_app.catalogue.mau_04_renew_change import effect as renewing
from requests_app.catalogue.mau_04_renew_change.prefill import row_of
from requests_app.execution import services as execution
from requests_app.kinds.certificate_names import certificate_names
from requests_app.models import Dossier, Outcome, Procedure
from requests_app.workflow import Action, State
from tests import builders, story
from tests.builders import NOW, TODAY

SOON = NOW + timedelta(seconds=5)
KIND = "mau_04_renew_change"


def renewal(certificate: Certificate, **changes: str) -> Mapping[str, str]:
    return row_of(certificate, renews=True, changes=False) | changes


def people_of_mau_04() -> story.Cast:
    return story.cast(procedure=Procedure.RENEW_CHANGE)


def given(people: story.Cast, *, count: int = 1, days_left: int = 200) -> list[Certificate]:
    return [
        story.give_certificate(
            builders.person(f"Lò Văn {'ABCDE'[number]}", at=people.agency), days_left=days_left
        )
        for number in range(count)
    ]


def confirmed(people: story.Cast, *rows: Mapping[str, str]) -> Dossier:
    dossier = story.draft_of(people, KIND, rows)
    return story.confirm(story.decide(story.send_in_ink(dossier, people), people), people)


def died_before_recording(dossier: Dossier) -> None:
    """Do what a worker does up to the answer of the CA, and no more."""
    assert execution.begin(dossier.pk, now=SOON)
    items = renewing.prepare(dossier.pk, set(), execution.next_chunk(dossier.pk), now=SOON)
    names = certificate_names(items[0].dossier, now=SOON)
    orders = [renewing.order_of(item, names, now=SOON) for item in items]
    authority.own().issue_many(orders, now=SOON)


@pytest.mark.usefixtures("ca")
def test_a_worker_killed_before_recording_is_followed_by_one_that_makes_no_second_certificate() -> (
    None
):
    people = people_of_mau_04()
    old = given(people, count=2)
    dossier = confirmed(people, *map(renewal, old))
    died_before_recording(dossier)
    assert not Certificate.objects.filter(predecessor__isnull=False).exists()
    after = SOON + settings.EXECUTION_LEASE + timedelta(days=1)

    assert execution.execute_accepted(now=after) == 2

    news = Certificate.objects.filter(predecessor__in=old)
    assert news.count() == 2
    assert Issuance.objects.filter(request_key__in=news.values("request_key")).count() == 2
    assert {new.not_before for new in news} == {SOON}  # as it was signed before the crash
    assert Mail.objects.filter(recipient__isnull=True).count() == 1


@pytest.mark.usefixtures("ca")
def test_a_worker_killed_before_closing_is_followed_by_one_that_delivers_the_paper() -> None:
    people = people_of_mau_04()
    dossier = confirmed(people, renewal(given(people)[0]))
    assert execution.begin(dossier.pk, now=SOON)
    assert renewing.do_chunk(dossier.pk, execution.next_chunk(dossier.pk), now=SOON) == 1
    assert not dossier.delivered_papers.exists()

    execution.execute_accepted(now=SOON + settings.EXECUTION_LEASE + timedelta(minutes=1))

    dossier.refresh_from_db()
    assert dossier.state == State.COMPLETED
    assert dossier.delivered_papers.count() == 1
    assert Mail.objects.filter(recipient__isnull=True).count() == 1


@pytest.mark.usefixtures("ca")
def test_a_second_sweep_does_nothing() -> None:
    people = people_of_mau_04()
    (old,) = given(people)
    confirmed(people, renewal(old))
    execution.execute_accepted(now=SOON)

    assert execution.execute_accepted(now=SOON) == 0

    assert Certificate.objects.filter(predecessor=old).count() == 1


def _revoke(old: Certificate) -> None:
    ca.revoke(old, RevocationReason.KEY_COMPROMISE, actor=None, now=SOON)


def _lose(old: Certificate) -> None:
    Device.objects.filter(key=old.key).update(condition=Condition.LOST)


def _renew_elsewhere(old: Certificate) -> None:
    made = builders.certificate(subscriber=old.subscriber, key_pair=old.key)
    Certificate.objects.filter(pk=made.pk).update(predecessor=old)


def _dissolve(old: Certificate) -> None:
    old.agency.dissolved_on = TODAY
    old.agency.save(update_fields=["dissolved_on"])


CHANGED = [_revoke, _lose, _renew_elsewhere, _dissolve]


@pytest.mark.usefixtures("ca")
@pytest.mark.parametrize("change", CHANGED)
def test_what_changed_while_it_waited_fails_the_row_and_leaves_the_rest_alone(
    change: Callable[[Certificate], None],
) -> None:
    people = people_of_mau_04()
    (old,) = given(people)
    dossier = confirmed(people, renewal(old))
    change(old)
    before = _facts(old)

    execution.execute_accepted(now=SOON)

    dossier.refresh_from_db()
    item = dossier.items.get()
    assert dossier.state == State.EXECUTION_FAILED
    assert item.outcome == Outcome.FAILED
    assert item.outcome_reason
    assert item.result is None
    assert not Issuance.objects.filter(request_key=item.request_key).exists()
    assert _facts(old) == before


@pytest.mark.usefixtures("ca")
@pytest.mark.parametrize("change", CHANGED)
def test_what_changed_while_the_ca_signed_is_found_when_it_is_recorded(
    change: Callable[[Certificate], None],
) -> None:
    people = people_of_mau_04()
    (old,) = given(people)
    dossier = confirmed(people, renewal(old))
    died_before_recording(dossier)
    change(old)
    before = _facts(old)

    execution.execute_accepted(now=SOON + settings.EXECUTION_LEASE + timedelta(minutes=1))

    item = dossier.items.get()
    assert item.outcome == Outcome.FAILED
    assert not Certificate.objects.filter(request_key=item.request_key).exists()
    assert not Mail.objects.filter(recipient__isnull=True).exists()
    assert _facts(old) == before


def _facts(old: Certificate) -> Sequence[object]:
    """What a failed row must not touch."""
    device = Device.objects.get(key=old.key)
    moves = CustodyMove.objects.filter(device=device).count()
    line = list(
        Certificate.objects.filter(key=old.key).values_list("serial", "revoked_at", "installed_at")
    )
    return device.custody, device.condition, device.agency_id, moves, sorted(map(str, line))


@pytest.mark.usefixtures("ca")
def test_a_row_the_ca_refuses_fails_alone_and_a_retry_completes_it() -> None:
    people = people_of_mau_04()
    good, bad = given(people, count=2)
    # X.509 takes no such address; the form's own check was got round.
    dossier = confirmed(people, renewal(good), renewal(bad))
    item = dossier.items.get(position=2)
    item.answers = {**item.answers, "changes": "x", "new_email": "không hợp lệ"}
    item.save(update_fields=["answers"])

    execution.execute_accepted(now=SOON)

    dossier.refresh_from_db()
    assert dossier.state == State.EXECUTION_FAILED
    assert list(dossier.items.values_list("outcome", flat=True)) == ["done", "failed"]
    assert "Thư điện tử không đúng dạng" in dossier.items.get(position=2).outcome_reason
    item.refresh_from_db()
    item.answers = {**item.answers, "changes": "", "new_email": ""}
    item.save(update_fields=["answers"])
    story.step(dossier, Action.RETRY, people.operator)
    execution.execute_accepted(now=SOON)
    dossier.refresh_from_db()
    assert dossier.state == State.COMPLETED
    assert Certificate.objects.filter(predecessor__in=[good, bad]).count() == 2
    assert dossier.delivered_papers.count() == 1


@pytest.mark.usefixtures("ca")
def test_the_database_itself_allows_one_successor() -> None:
    people = people_of_mau_04()
    (old,) = given(people)
    first, second = builders.certificate(), builders.certificate()
    Certificate.objects.filter(pk=first.pk).update(predecessor=old)

    with pytest.raises(IntegrityError), transaction.atomic():
        Certificate.objects.filter(pk=second.pk).update(predecessor=old)


@pytest.fixture
def standing_ca() -> Iterator[None]:
    authority.open_for_signing()
    ceremony.set_up(now=NOW)
    authority.own()
    yield
    keystore.close()


def _at_once(*acts: Callable[[], object]) -> list[object]:
    ready = Barrier(len(acts))

    def do(act: Callable[[], object]) -> object:
        ready.wait()
        try:
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(do, acts))


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("standing_ca")
def test_a_second_worker_past_the_lease_makes_no_second_certificate() -> None:
    people = people_of_mau_04()
    old = given(people, count=3)
    dossier = confirmed(people, *map(renewal, old))
    late = NOW + settings.EXECUTION_LEASE + timedelta(minutes=1)

    _at_once(
        lambda: execution.execute(dossier.pk, now=NOW),
        lambda: execution.execute(dossier.pk, now=late),
    )

    dossier.refresh_from_db()
    assert dossier.state == State.COMPLETED
    assert Certificate.objects.filter(predecessor__in=old).count() == 3
    assert Mail.objects.filter(recipient__isnull=True).count() == 1
    assert dossier.delivered_papers.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("standing_ca")
def test_of_a_renewal_and_a_revocation_at_once_the_line_ends_in_one_way() -> None:
    people = people_of_mau_04()
    (old,) = given(people)
    dossier = confirmed(people, renewal(old))

    _at_once(
        lambda: execution.execute(dossier.pk, now=SOON),
        lambda: ca.revoke(old, RevocationReason.KEY_COMPROMISE, actor=None, now=SOON),
    )

    dossier.refresh_from_db()
    old.refresh_from_db()
    renewed = Certificate.objects.filter(predecessor=old).exists()
    assert old.revoked_at is not None
    assert dossier.state == (State.COMPLETED if renewed else State.EXECUTION_FAILED)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("standing_ca")
def test_of_two_dossiers_for_one_certificate_carried_out_at_once_one_makes_it() -> None:
    people = people_of_mau_04()
    holder: Subscriber = builders.person("Lò Văn Ánh", at=people.agency)
    old = story.give_certificate(holder, days_left=200)
    first = confirmed(people, renewal(old))
    second = confirmed(people, renewal(given(people)[0]))
    # Both were accepted, whatever the rules say of the second.
    second.items.update(certificate=old)

    _at_once(
        lambda: execution.execute(first.pk, now=SOON),
        lambda: execution.execute(second.pk, now=SOON),
    )

    outcomes = sorted(
        str(outcome)
        for dossier in (first, second)
        for outcome in dossier.items.values_list("outcome", flat=True)
    )
    assert outcomes == ["done", "failed"]
    assert Certificate.objects.filter(predecessor=old).count() == 1
