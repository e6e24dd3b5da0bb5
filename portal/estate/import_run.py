"""Bringing in: rows are judged once more and written, a piece a transaction; taking out again."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, ProtectedError, RestrictedError
from django.utils import timezone

from devices import services as devices
from devices.models import Device
from portal.agencies.facts import PersonFacts, SystemFacts
from portal.agencies.models import Affiliation, Agency, Subscriber, SubscriberKind
from portal.agencies.services import people
from portal.agencies.services.words import keep_words_of_subscribers
from portal.audit import services as audit
from portal.ca.models import Certificate, Keeper, KeyPair, RenewalsSource, Trust
from portal.core.database.bulk import update_rows
from portal.core.text.vietnamese import person_sort_key, search_key
from portal.deadlines import services as deadlines
from portal.estate.acts import delivery_act
from portal.estate.bodies import carry_bodies
from portal.estate.models import DeliveredRow, Delivery, Verdict
from portal.estate.verdicts import Judge, Judgement

# What a list says nothing of: five years is what certificates of before were issued for.
_USUAL_VALIDITY = timedelta(days=5 * 365)
_LEDGER = "Đưa vào từ danh sách hiện trạng"


@transaction.atomic
def carry_piece(judge: Judge, rows: Sequence[DeliveredRow], *, now: datetime) -> Counter[str]:
    """Write what ``rows`` say and return how many of each thing were made.

    The office's row is locked first: of two deliveries with the same list the second finds what the
    first has made.
    """
    delivery = judge.delivery
    Agency.objects.select_for_update(no_key=True).get(pk=delivery.office_id)
    made: Counter[str] = Counter()
    judged = judge.judge(rows)
    ready = [one for one in judged if not one.waits_for]
    carry_bodies(judge, ready, made, now=now)
    good = [
        one
        for one in ready
        if one.verdict in (Verdict.NEW, Verdict.CHANGED) and not judge.about(one.row)
    ]
    _make_subscribers(good, made, now=now)
    _make_certificates(delivery, good, made, now=now)
    _make_devices(delivery, good, made, now=now)
    for one in judged:
        row = one.row
        row.verdict, row.findings = one.verdict, [list(each) for each in one.findings]
        row.carried_at = None if one.waits_for else now
        row.certificate, row.agency = one.certificate, one.agency
    update_rows(
        [one.row for one in judged],
        ["verdict", "findings", "carried_at", "certificate", "made_certificate", "made_subscriber",
         "made_place", "made_device", "made_agency", "agency", "was", "proof"],
    )  # fmt: skip
    if good or made:
        audit.record(
            delivery_act("estate.carry", delivery, rows=len(good), **made),
            actor=delivery.carried_by,
            now=now,
        )
    return made


def _make_subscribers(good: Sequence[Judgement], made: Counter[str], *, now: datetime) -> None:
    """Find or make who each row is about."""
    numbered: defaultdict[int, list[Judgement]] = defaultdict(list)
    unnumbered: list[Judgement] = []
    systems: list[Judgement] = []
    for one in good:
        if one.certificate is not None or not one.facts.name or one.agency is None:
            continue
        if one.facts.kind == SubscriberKind.ORGANISATION:
            one.subscriber = people.organisation_subscriber(one.agency)
        elif one.facts.kind == SubscriberKind.SYSTEM:
            systems.append(one)
        elif one.subscriber is not None and one.subscriber.agency_id == one.agency.pk:
            continue
        elif one.facts.identity:
            numbered[one.agency.pk].append(one)
        elif one.subscriber is None:
            unnumbered.append(one)
    _make_numbered(numbered, made, now=now)
    _make_systems(systems, made)
    _make_unnumbered(unnumbered, made, now=now)


def _make_numbered(
    numbered: Mapping[int, Sequence[Judgement]], made: Counter[str], *, now: datetime
) -> None:
    for theirs in numbered.values():
        agency = theirs[0].agency
        assert agency is not None
        facts = [_person(one) for one in theirs]
        for one, subscriber in zip(
            theirs, people.match_or_create_people(facts, agency=agency, now=now), strict=True
        ):
            is_new = one.subscriber is None
            one.subscriber = subscriber
            if is_new:
                one.row.made_subscriber = subscriber
                made["people"] += 1


def _make_systems(systems: Sequence[Judgement], made: Counter[str]) -> None:
    if not systems:
        return
    facts = [
        SystemFacts(owner=one.agency, name=one.facts.name, host=one.facts.domain)
        for one in systems
        if one.agency is not None
    ]
    for one, subscriber in zip(systems, people.match_or_create_systems(facts), strict=True):
        one.subscriber = subscriber
    made["systems"] += len(systems)


def _make_unnumbered(waiting: Sequence[Judgement], made: Counter[str], *, now: datetime) -> None:
    """Make people whose number is not known: one a name and body, whatever the number of rows."""
    by_key: dict[tuple[int, str, object], list[Judgement]] = {}
    for one in waiting:
        assert one.agency is not None
        key = (one.agency.pk, search_key(one.facts.name), one.facts.birth_on)
        by_key.setdefault(key, []).append(one)
    subscribers = [
        Subscriber(
            kind=SubscriberKind.PERSON,
            name=theirs[0].facts.name,
            search_name=search_key(theirs[0].facts.name),
            sort_name=person_sort_key(theirs[0].facts.name),
            birth_on=theirs[0].facts.birth_on,
            agency=theirs[0].agency,
        )
        for theirs in by_key.values()
    ]
    Subscriber.objects.bulk_create(subscribers, batch_size=500)
    Affiliation.objects.bulk_create(
        [
            Affiliation(
                subscriber=subscriber,
                agency=subscriber.agency,
                valid_from=timezone.localdate(now),
                **_person(theirs[0]).place(),
            )
            for subscriber, theirs in zip(subscribers, by_key.values(), strict=True)
        ],
        batch_size=500,
    )
    keep_words_of_subscribers([one.pk for one in subscribers])
    made["people"] += len(subscribers)
    for subscriber, theirs in zip(subscribers, by_key.values(), strict=True):
        theirs[0].row.made_subscriber = subscriber
        for one in theirs:
            one.subscriber = subscriber


def _person(one: Judgement) -> PersonFacts:
    facts = one.facts
    return PersonFacts(
        number=facts.identity,
        name=facts.name,
        birth_on=facts.birth_on,
        unit=facts.unit,
        position=facts.position,
        email=facts.email,
        phone=facts.phone,
    )


def _make_certificates(
    delivery: Delivery, good: Sequence[Judgement], made: Counter[str], *, now: datetime
) -> None:
    """Enter certificates, complete those known from a list, note what was revoked."""
    new = [one for one in good if one.certificate is None and one.facts.serial]
    keys = _keys_of(new, now=now)
    entered = []
    for one in new:
        facts, found = one.facts, one.found
        assert one.subscriber is not None
        assert one.agency is not None
        assert facts.not_after is not None
        begins = facts.not_before or facts.not_after - _USUAL_VALIDITY
        renewals = min(facts.renewals or 0, 1)
        source = RenewalsSource.UNKNOWN if facts.renewals is None else RenewalsSource.PERSON
        certificate = Certificate(
            serial=facts.serial,
            keeper=Keeper.OUTSIDE,
            issuer_name=found.issuer_text[:1000] if found else "",
            trust=one.trust,
            renewals=renewals,
            renewals_source=source,
            kind=facts.kind,
            subscriber=one.subscriber,
            agency=one.agency,
            office=one.agency.office or delivery.office,
            key=keys[one.row.pk],
            common_name=facts.name,
            search_name=search_key(facts.name),
            subject=found.subject_text[:1000] if found else f"CN={facts.name}",
            email=facts.email,
            not_before=begins,
            not_after=facts.not_after,
            der=found.der if found else b"",
            thumbprint=found.thumbprint if found else "",
            request_key=f"estate:{one.row.uuid}",
            issued_at=begins,
            installed_at=begins,
            settled_at=now,
            revoked_at=facts.revoked_at,
            revocation_reason=facts.revocation_reason if facts.revoked_at else "",
        )
        one.certificate, one.row.made_certificate = certificate, True
        entered.append(certificate)
    Certificate.objects.bulk_create(entered, batch_size=200)
    made["certificates"] += len(entered)
    for one in good:
        if one.changes and one.certificate is not None and one.certificate.is_outside:
            _complete(one, made)
    for one in good:
        if "revoked" in one.changes and one.certificate is not None and one.certificate.is_outside:
            deadlines.cancel_all(one.certificate.uuid, now=now)


def _keys_of(new: Sequence[Judgement], *, now: datetime) -> dict[int, KeyPair]:
    """Return row → key: that of its file; else one that stands for what nobody saw."""
    wanted: dict[str, KeyPair] = {}
    of_row: dict[int, str] = {}
    for one in new:
        if one.found is not None:
            fingerprint, public = one.found.fingerprint, one.found.public_key
            algorithm = one.found.algorithm
        else:
            fingerprint = hashlib.sha256(f"serial {one.facts.serial}".encode()).hexdigest()
            public, algorithm = b"", ""
        of_row[one.row.pk] = fingerprint
        wanted.setdefault(
            fingerprint,
            KeyPair(
                storage=one.facts.storage,
                algorithm=algorithm,
                public_key=public,
                fingerprint=fingerprint,
                made_at=one.facts.not_before or now,
            ),
        )
    known = {one.fingerprint: one for one in KeyPair.objects.filter(fingerprint__in=wanted)}
    KeyPair.objects.bulk_create(
        [key for fingerprint, key in wanted.items() if fingerprint not in known], batch_size=500
    )
    return {row: known.get(fingerprint, wanted[fingerprint]) for row, fingerprint in of_row.items()}


def _complete(one: Judgement, made: Counter[str]) -> None:
    """Write what a later list or file says of another CA's certificate; how it was is kept."""
    certificate, facts, found = one.certificate, one.facts, one.found
    assert certificate is not None
    was = one.row.was
    if "file" in one.changes and found is not None:
        was["file"] = {
            "not_before": certificate.not_before.isoformat(),
            "not_after": certificate.not_after.isoformat(),
            "subject": certificate.subject,
        }
        certificate.der, certificate.thumbprint = found.der, found.thumbprint
        certificate.subject, certificate.issuer_name = found.subject_text, found.issuer_text
        certificate.not_before, certificate.not_after = found.not_before, found.not_after
        certificate.trust = one.trust
        if not KeyPair.objects.filter(fingerprint=found.fingerprint).exists():
            KeyPair.objects.filter(pk=certificate.key_id, public_key=b"").update(
                public_key=found.public_key,
                fingerprint=found.fingerprint,
                algorithm=found.algorithm,
            )
        made["files"] += 1
    else:
        for name in ("not_before", "not_after"):
            if name in one.changes and (typed := getattr(facts, name)) is not None:
                was[name] = getattr(certificate, name).isoformat()
                setattr(certificate, name, typed)
    if "renewals" in one.changes and facts.renewals is not None:
        was["renewals"] = [certificate.renewals, certificate.renewals_source]
        certificate.renewals = min(facts.renewals, 1)
        certificate.renewals_source = RenewalsSource.PERSON
    if "revoked" in one.changes:
        was["revoked"] = True
        certificate.revoked_at = facts.revoked_at
        certificate.revocation_reason = facts.revocation_reason
        made["revoked"] += 1
    certificate.save()


def _make_devices(
    delivery: Delivery, good: Iterable[Judgement], made: Counter[str], *, now: datetime
) -> None:
    """Enter devices where their holders have them; one known already gets its key alone."""
    entered: list[tuple[Judgement, devices.InHand]] = []
    taken: set[int | None] = set(
        Device.objects.filter(
            key__in=[one.certificate.key_id for one in good if one.certificate is not None]
        ).values_list("key_id", flat=True)
    )
    for one in good:
        facts, certificate = one.facts, one.certificate
        agency = one.agency or (certificate.agency if certificate is not None else None)
        if not facts.device_serial or one.device is not None or agency is None:
            continue
        key = certificate.key_id if certificate is not None else None
        entered.append(
            (
                one,
                devices.InHand(
                    facts.storage,
                    facts.device_serial,
                    key if key not in taken else None,
                    agency,
                    certificate.subscriber if certificate is not None else one.subscriber,
                    facts.condition,
                ),
            )
        )
        taken.add(key)
    paper = ("delivery", delivery.uuid, f"{_LEDGER}: {delivery.title}"[:200])
    actor, batch = delivery.carried_by, delivery.title[:60]
    brought = devices.bring_in(
        [given for _one, given in entered], batch=batch, paper=paper, actor=actor, now=now
    )
    for (one, _given), device in zip(entered, brought, strict=True):
        one.row.made_device = device
    made["devices"] += len(entered)


@transaction.atomic
def undo_piece(delivery: Delivery, rows: Sequence[DeliveredRow], *, now: datetime) -> Counter[str]:
    """Take out again what rows brought in, where nothing was built on it; return how many of each
    thing went, and "kept" how many stay."""
    Agency.objects.select_for_update(no_key=True).get(pk=delivery.office_id)
    gone: Counter[str] = Counter()
    for row in rows:
        try:
            with transaction.atomic():
                gone += _undo(row, now=now)
            row.carried_at = None
        except (ProtectedError, RestrictedError):
            gone["kept"] += 1
        row.verdict = Verdict.WAITING if row.carried_at is None else row.verdict
        row.save()
    audit.record(
        delivery_act("estate.undo", delivery, rows=len(rows), **gone),
        actor=delivery.carried_by,
        now=now,
    )
    return gone


def _undo(row: DeliveredRow, *, now: datetime) -> Counter[str]:
    """Delete what ``row`` made; raises ProtectedError when something speaks of it by now."""
    gone: Counter[str] = Counter()
    if (device := row.made_device) is not None:
        row.made_device = None
        row.save(update_fields=["made_device"])
        if not devices.take_out(device):
            raise ProtectedError("the device has moved", {device})
        gone["devices"] += 1
    certificate = row.certificate
    if certificate is not None and row.made_certificate:
        if certificate.revoked_at is not None and not row.was and certificate.clocked_at:
            raise ProtectedError("it was revoked here", {certificate})
        key = certificate.key
        row.certificate, row.made_certificate = None, False
        row.save(update_fields=["certificate", "made_certificate"])
        certificate.delete()
        deadlines.cancel_all(certificate.uuid, now=now)
        others = (
            Certificate.objects.filter(key=key).exists() or Device.objects.filter(key=key).exists()
        )
        if not others:
            key.delete()
        gone["certificates"] += 1
    elif certificate is not None and row.was:
        _restore(certificate, row)
        gone["restored"] += 1
    if (agency := row.made_agency) is not None:
        row.made_agency = row.agency = None
        row.save(update_fields=["made_agency", "agency"])
        agency.signers.all().delete()
        agency.versions.all().delete()
        agency.delete()
        gone["bodies"] += 1
    elif "body" in row.was:
        raise ProtectedError("a version of a body stays", set())
    if row.made_grant is not None:
        raise ProtectedError("administrators have it", {row.made_grant})
    if (person := row.made_subscriber) is not None:
        in_use = Subscriber.objects.filter(pk=person.pk).filter(
            Exists(Certificate.objects.filter(subscriber=OuterRef("pk")))
            | Exists(Device.objects.filter(subscriber=OuterRef("pk")))
        )
        if not in_use.exists():
            row.made_subscriber = None
            row.save(update_fields=["made_subscriber"])
            Affiliation.objects.filter(subscriber=person).delete()
            person.delete()
            gone["people"] += 1
    return gone


def _restore(certificate: Certificate, row: DeliveredRow) -> None:
    was = row.was
    if "file" in was:
        certificate.der, certificate.thumbprint, certificate.trust = b"", "", Trust.NO_FILE
        certificate.issuer_name = ""
        certificate.subject = was["file"]["subject"]
    for name in ("not_before", "not_after"):
        if before := was.get(name) or was.get("file", {}).get(name):
            setattr(certificate, name, datetime.fromisoformat(before))
    if "renewals" in was:
        certificate.renewals, certificate.renewals_source = was["renewals"]
    if was.get("revoked"):
        certificate.revoked_at, certificate.revocation_reason = None, ""
    certificate.save()
    row.was = {}
