"""Starting a dossier: what the portal knows already, nobody types again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from devices.models import Device
from portal.accounts.models import User
from portal.agencies.models import Agency
from portal.agencies.services import reveal_identities
from portal.ca.models import Certificate
from requests_app import kinds
from requests_app.drafts.profile import new_row
from requests_app.drafts.services import (
    create_draft,
    import_rows,
    permit_drafting,
    save_letter,
)
from requests_app.kinds.base import Kind
from requests_app.kinds.prefill import Fill, Filled, Selection, certificates_of, devices_of
from requests_app.models import Dossier, Outcome

_NUMBER = "identity_number"  # what every form calls a person's number
_OF_A_PERSON = (_NUMBER, "issued_on", "issue_place", "birth_on", "phone")


@transaction.atomic
def start_dossier(
    kind_code: str,
    *,
    actor: User,
    now: datetime,
    variant: str = "",
    certificates: Collection[Certificate] = (),
    devices: Collection[Device] = (),
    answers: Mapping[str, str] | None = None,
    begins_with_a_row: bool = False,
    agency: Agency | None = None,
) -> Dossier:
    """Open a draft whose rows are filled in about these certificates and devices.

    Forms about certificates take those issued last on the devices as well, and the other way
    round. ``answers`` go into every row; ``begins_with_a_row`` makes a blank one where nothing was
    chosen. Mẫu 07 and 08 without a choice bring all that waits.
    Raises as ``create_draft`` does; Certificate.DoesNotExist or Device.DoesNotExist for what the
    actor does not see.
    """
    dossier = create_draft(kind_code, actor=actor, now=now, variant=variant, agency=agency)
    selection = Selection(
        actor=actor,
        certificates=certificates_of(actor, [one.pk for one in certificates]),
        devices=devices_of(actor, [one.pk for one in devices]),
        now=now,
    )
    kind = kinds.get(kind_code)
    fill: Fill | None = kinds.attached(kind_code, "prefill", "fill")
    rows = with_numbers(fill(selection) if fill else [], actor=actor, now=now)
    if begins_with_a_row and not rows:
        rows = [new_row(dossier, today=timezone.localdate(now))]
    if rows:
        filled = [fitting(kind, row) | dict(answers or {}) for row in rows]
        import_rows(dossier, filled, actor=actor, now=now, version=dossier.version)
        dossier.refresh_from_db()
    if kind.issues_anew:
        _name_old_certificates(dossier, kind, selection.certificates, actor=actor, now=now)
    return dossier


@transaction.atomic
def file_again(dossier: Dossier, *, row: UUID | None = None, actor: User, now: datetime) -> Dossier:
    """Open a draft with the rows of ``dossier`` that were refused, or with ``row`` of them alone.

    Section 1 and the extra text come along; number, day and papers do not. Raises as
    ``create_draft`` does; Dossier.DoesNotExist when it is not the actor's, or nothing was refused.
    """
    old = Dossier.objects.visible_to(actor).get(pk=dossier.pk)
    permit_drafting(actor, old.kind, old.agency_id)
    refused = old.items.filter(outcome=Outcome.REFUSED).order_by("position")
    rows = [item.answers for item in (refused.filter(uuid=row) if row else refused)]
    if not rows:
        raise Dossier.DoesNotExist
    anew = create_draft(old.kind, actor=actor, now=now, variant=old.variant)
    save_letter(
        anew,
        letter_number="",
        letter_date=None,
        contact=old.contact,
        note=old.note,
        actor=actor,
        now=now,
        version=anew.version,
    )
    anew.refresh_from_db()
    import_rows(anew, rows, actor=actor, now=now, version=anew.version)
    anew.refresh_from_db()
    return anew


def with_numbers(rows: Sequence[Filled], *, actor: User, now: datetime) -> list[dict[str, str]]:
    """Leave a person's number only where the actor may read it whole; that it was read is recorded.

    A person who works elsewhere by now is not the actor's to see: those cells stay blank.
    """
    people = {row.subscriber for row in rows if row.subscriber and row.answers.get(_NUMBER)}
    known = reveal_identities(people, actor=actor, now=now) if people else {}
    for row in rows:
        if row.subscriber in people and row.subscriber.pk not in known:
            row.answers.update(dict.fromkeys(_OF_A_PERSON, ""))
    return [row.answers for row in rows]


def fitting(kind: Kind, answers: dict[str, str]) -> dict[str, str]:
    """Return a row with the defaults where the portal knows nothing the form has a choice for."""
    offered = {one.name: {key for key, _label in one.choices} for one in kind.fields if one.choices}
    kept = {
        name: value
        for name, value in answers.items()
        if name not in offered or not value or value in offered[name]
    }
    return kind.blank_row() | kept


def _name_old_certificates(
    dossier: Dossier,
    kind: Kind,
    certificates: Sequence[Certificate],
    *,
    actor: User,
    now: datetime,
) -> None:
    """Name the certificates in the letter where the list has no column for them (Mẫu 02)."""
    if not certificates or any(one.name == "old_serial" for one in kind.fields):
        return
    named = "; ".join(
        f"{one.common_name}: {one.serial}, hiệu lực đến ngày "
        f"{timezone.localdate(one.not_after):%d/%m/%Y}"
        for one in certificates
    )
    save_letter(
        dossier,
        letter_number=dossier.letter_number,
        letter_date=dossier.letter_date,
        contact=dossier.contact,
        note=f"Số hiệu chứng thư chữ ký số cũ: {named}.",
        actor=actor,
        now=now,
        version=dossier.version,
    )
    dossier.refresh_from_db()
