"""Issuing: a row gets its subscriber, key or device and serial, then its certificate."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import partial
from typing import TypeAlias

from django.db import transaction
from django.utils.translation import gettext as _

from devices import services as devices
from portal.agencies.models import Agency, Subscriber, SubscriberKind
from portal.audit import services as audit
from portal.ca.authority import services as authority
from portal.ca.authority.services import Answer, Order
from portal.ca.models import Certificate
from portal.ca.register import expiry
from portal.ca.register import services as ca
from portal.core.database.bulk import update_rows
from portal.core.text.identifiers import normalise_serial
from portal.core.text.names import in_capitals
from portal.core.text.vietnamese import search_key
from requests_app import kinds
from requests_app.acts import dossier_act
from requests_app.execution.preparation import Keys, make_keys_ahead, prepare_rows, validity_from
from requests_app.execution.rows import (
    ANSWERED,
    fail_unwritable,
    in_pieces,
    mark_failed,
    mark_unanswered,
    waiting_rows,
)
from requests_app.kinds.certificate_names import CertificateNames, certificate_names
from requests_app.kinds.effects import Effect
from requests_app.kinds.key_requests import MADE_AT_AGENCY
from requests_app.models import Dossier, DossierItem, Outcome

ACT = "certificate.issue"
Answered: TypeAlias = tuple[DossierItem, Order, Answer]


def do_chunk(pk: int, chunk: Sequence[int], *, now: datetime) -> int:
    """Issue the certificates of these rows of dossier ``pk``; return how many rows were ended."""
    fresh = DossierItem.objects.filter(pk__in=chunk, serial="")
    storages = dict(fresh.values_list("request_key", "storage"))
    elsewhere = authority.asked_elsewhere(list(storages), now=now)
    here = [storage for key, storage in storages.items() if key not in elsewhere]
    keys = make_keys_ahead(here, now=now)
    items = in_pieces(
        chunk, partial(prepare, pk, keys, elsewhere, now=now), partial(_fail, now=now)
    )
    dossier = Dossier.objects.select_related("agency", "office").get(pk=pk)
    ready = [item for item in items if item.outcome == Outcome.NONE]
    if not ready:
        return 0
    names = certificate_names(dossier, now=now)
    orders = [order_of(dossier, item, names, now=now) for item in ready]
    answers = ask(orders, elsewhere, now=now)
    answered = list(zip(ready, orders, answers, strict=True))
    done = in_pieces(
        answered, partial(_record, dossier, now=now), lambda row: _fail(row[0].pk, now=now)
    )
    return len(done)


def ask(orders: Sequence[Order], elsewhere: Collection[str], *, now: datetime) -> list[Answer]:
    """Return the answers in the order of ``orders``; those ``elsewhere`` are another CA's."""
    others = [order for order in orders if order.request_key in elsewhere]
    own = [order for order in orders if order.request_key not in elsewhere]
    answers = authority.AuthorityByFiles().issue_many(others, now=now) if others else []
    answers += authority.own().issue_many(own, now=now) if own else []
    of_key = {answer.request_key: answer for answer in answers}
    return [of_key[order.request_key] for order in orders]


def _fail(item_pk: int, *, now: datetime) -> None:
    fail_unwritable(item_pk, act=ACT, now=now)


@transaction.atomic
def prepare(
    pk: int, keys: Keys, elsewhere: Collection[str], chunk: Sequence[int], *, now: datetime
) -> list[DossierItem]:
    """Prepare the rows of a chunk in one transaction; return them.

    Rows whose request keys are ``elsewhere`` are asked of another CA.
    """
    dossier = Dossier.objects.select_for_update(of=("self",), no_key=True).get(pk=pk)
    items = list(
        waiting_rows(pk)
        .filter(pk__in=chunk)
        .select_related("key", "subscriber__agency__parent", "subscriber__organisation__parent")
    )
    fresh = [item for item in items if not item.serial]
    prepared = prepare_rows(dossier, items, keys, elsewhere, now=now)
    if fresh:
        data = {
            "rows": [item.position for item in fresh if item.outcome == Outcome.NONE],
            "devices": [item.device.serial for item in fresh if item.device],
            "own_keys": [
                item.key.fingerprint
                for item in fresh
                if item.key is not None and item.storage in MADE_AT_AGENCY
            ],
            "failed_rows": [item.position for item in fresh if item.outcome == Outcome.FAILED],
        }
        audit.record(dossier_act("device.allocate", dossier, data=data), actor=None, now=now)
    return prepared


def order_of(
    dossier: Dossier, item: DossierItem, names: CertificateNames, *, now: datetime
) -> Order:
    """Return what is asked of the CA for a prepared row."""
    assert item.subscriber is not None
    make_subject = kinds.get(dossier.kind).subject_name
    assert make_subject is not None, "only forms that issue are carried out here"
    not_before, not_after = validity_from(now)
    return Order(
        request_key=item.request_key,
        serial=item.serial,
        kind=item.subscriber.kind,
        subject=make_subject(
            names.answers(item.answers),
            names.of(in_capitals(_superior(item, item.subscriber))),
        ),
        public_key=bytes(item.key.public_key) if item.key else b"",
        not_before=not_before,
        not_after=not_after,
    )


def _superior(item: DossierItem, subscriber: Subscriber) -> str:
    """Return the body above the one that a certificate names; "" for persons, who name theirs."""
    body: Agency | None = subscriber.organisation
    if subscriber.kind == SubscriberKind.SYSTEM:
        body = subscriber.agency
        if search_key(body.name) != search_key(item.answers["owner"]):
            return body.name  # the owner is a unit without a seal under it
    return body.parent.name if body and body.parent else ""


@transaction.atomic
def _record(dossier: Dossier, rows: Sequence[Answered], *, now: datetime) -> list[DossierItem]:
    """Write certificates and outcomes; rows another worker recorded meanwhile are left alone."""
    open_rows = set(
        DossierItem.objects.select_for_update(of=("self",), no_key=True)
        .filter(pk__in=[item.pk for item, _, _ in rows], outcome=Outcome.NONE)
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    made: list[tuple[DossierItem, Certificate]] = []
    touched: list[DossierItem] = []
    rows = [row for row in rows if row[0].pk in open_rows]
    # Keys that another CA made for them.
    ders = {item.pk: answer.der for item, _order, answer in rows if answer.der and not item.key}
    found = ca.keys_of(ders, {item.pk: item.storage for item, _o, _a in rows}, now=now)
    for item, _order, _answer in rows:
        item.key = found.get(item.pk, item.key)
    for item, order, answer in rows:
        touched.append(item)
        if mark_unanswered(item, [answer]):
            continue
        if answer.der is None:
            mark_failed(item, answer.error)
            continue
        assert item.subscriber is not None
        assert item.key is not None
        certificate = ca.certificate_from(
            order,
            answer,
            subscriber=item.subscriber,
            agency=item.subscriber.agency,
            office=dossier.office,
            key=item.key,
            now=now,
        )
        made.append((item, certificate))
    Certificate.objects.bulk_create([certificate for _, certificate in made])
    for item, certificate in made:
        item.outcome, item.result = Outcome.DONE, certificate
    _bring_in_devices(dossier, rows, now=now)
    update_rows(touched, [*ANSWERED, "key", "device", "result"])
    if made:
        # The clocks of what they replace stop. Their own speak in years: a sweep starts them, and
        # no row waits for it.
        new = [certificate for _item, certificate in made]
        serials = {normalise_serial(item.answers.get("old_serial", "")) for item, _new in made}
        expiry.issued_anew(new, instead_of=serials - {""}, now=now)
    audit.record(
        dossier_act(
            ACT,
            dossier,
            data={
                "serials": [certificate.serial for _, certificate in made],
                "failed_rows": _positions(touched, Outcome.FAILED, Outcome.REFUSED),
                "waiting_rows": _positions(touched, Outcome.PENDING),
            },
        ),
        actor=None,
        now=now,
    )
    return touched


def _positions(items: Sequence[DossierItem], *outcomes: Outcome) -> list[int]:
    return [item.position for item in items if item.outcome in outcomes]


def _bring_in_devices(dossier: Dossier, rows: Sequence[Answered], *, now: datetime) -> None:
    """Enter the devices another CA sent with its certificates: they are at the body."""
    sent = [
        (item, answer.device_serial)
        for item, _order, answer in rows
        if answer.device_serial and item.outcome == Outcome.DONE and item.subscriber
    ]
    brought = devices.bring_in(
        [
            devices.InHand(
                kind=item.storage,
                serial=serial,
                key_id=item.key_id,
                agency=dossier.agency,
                subscriber=item.subscriber,
                is_held=False,
            )
            for item, serial in sent
        ],
        batch=_("CA khác gửi"),
        paper=("dossier", dossier.uuid, f"Hồ sơ {dossier.letter_number}"),
        actor=None,
        now=now,
    )
    for (item, _serial), device in zip(sent, brought, strict=True):
        item.device = device


EFFECT = Effect(carry_out=do_chunk, asks_the_ca=True, is_in_the_senders_name=True)
