"""Issuing: a row gets its subscriber, key or device and serial, then its certificate."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import TypeAlias

from django.db import transaction

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
from requests_app.execution.rows import fail_unwritable, in_pieces, mark_failed, waiting_rows
from requests_app.kinds.certificate_names import CertificateNames, certificate_names
from requests_app.kinds.effects import Effect
from requests_app.kinds.key_requests import MADE_AT_AGENCY
from requests_app.models import Dossier, DossierItem, Outcome

ACT = "certificate.issue"
Answered: TypeAlias = tuple[DossierItem, Order, Answer]


def do_chunk(pk: int, chunk: Sequence[int], *, now: datetime) -> int:
    """Issue the certificates of these rows of dossier ``pk``; return how many rows were ended."""
    fresh = DossierItem.objects.filter(pk__in=chunk, serial="")
    keys = make_keys_ahead(list(fresh.values_list("storage", flat=True)), now=now)
    items = in_pieces(chunk, partial(prepare, pk, keys, now=now), partial(_fail, now=now))
    dossier = Dossier.objects.select_related("agency", "office").get(pk=pk)
    ready = [item for item in items if item.serial and item.outcome == Outcome.NONE]
    if not ready:
        return 0
    names = certificate_names(dossier, now=now)
    orders = [order_of(dossier, item, names, now=now) for item in ready]
    answers = authority.current().issue_many(orders, now=now)
    answered = list(zip(ready, orders, answers, strict=True))
    done = in_pieces(
        answered, partial(_record, dossier, now=now), lambda row: _fail(row[0].pk, now=now)
    )
    return len(done)


def _fail(item_pk: int, *, now: datetime) -> None:
    fail_unwritable(item_pk, act=ACT, now=now)


@transaction.atomic
def prepare(pk: int, keys: Keys, chunk: Sequence[int], *, now: datetime) -> list[DossierItem]:
    """Prepare the rows of a chunk in one transaction; return them."""
    dossier = Dossier.objects.select_for_update(of=("self",), no_key=True).get(pk=pk)
    items = list(
        waiting_rows(pk)
        .filter(pk__in=chunk)
        .select_related("key", "subscriber__agency__parent", "subscriber__organisation__parent")
    )
    fresh = [item for item in items if not item.serial]
    prepared = prepare_rows(dossier, items, keys, now=now)
    if fresh:
        data = {
            "rows": [item.position for item in fresh if item.serial],
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
    assert item.key is not None
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
        public_key=bytes(item.key.public_key),
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
    for item, order, answer in rows:
        if item.pk not in open_rows:
            continue
        touched.append(item)
        if answer.der is None:
            mark_failed(item, answer.error)
        else:
            assert item.subscriber is not None
            assert item.key is not None
            made.append(
                (
                    item,
                    ca.certificate_from(
                        order,
                        answer,
                        subscriber=item.subscriber,
                        agency=item.subscriber.agency,
                        office=dossier.office,
                        key=item.key,
                        now=now,
                    ),
                )
            )
    Certificate.objects.bulk_create([certificate for _, certificate in made])
    for item, certificate in made:
        item.outcome, item.result = Outcome.DONE, certificate
    update_rows(touched, ["outcome", "outcome_reason", "result"])
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
                "failed_rows": [item.position for item in touched if item.result_id is None],
            },
        ),
        actor=None,
        now=now,
    )
    return touched


EFFECT = Effect(carry_out=do_chunk, asks_the_ca=True, is_in_the_senders_name=True)
