"""Starting a dossier: what the portal knows already, nobody types again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone

from devices.models import Device
from portal.accounts.models import User
from portal.agencies.models import Subscriber
from portal.agencies.services import reveal_identities
from portal.ca.models import Certificate
from requests_app import kinds
from requests_app.kinds.base import EffectKind, Kind
from requests_app.models import Dossier
from requests_app.services.drafts import create_draft, import_rows, save_letter
from requests_app.services.prefilling import (
    give_back,
    handover,
    issue,
    loss,
    recover,
    renew_change,
    revoke,
)
from requests_app.services.targets import newest_certificates

_NUMBER = "identity_number"  # what every form calls a person's number
_OF_A_PERSON = (_NUMBER, "issued_on", "issue_place", "birth_on", "phone")


class Filled(NamedTuple):
    """The answers of a row, and whose number may stand in it."""

    answers: dict[str, str]
    subscriber: Subscriber | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _About:
    """What was chosen on a page; the actor sees all of it."""

    actor: User
    certificates: Sequence[Certificate]
    devices: Sequence[Device]
    now: datetime

    def all_certificates(self) -> list[Certificate]:
        """Return the certificates, and those issued last on the devices."""
        newest = newest_certificates(self.devices)
        on_devices = (newest.get(device.key_id) for device in self.devices)
        pks = [one.pk for one in [*self.certificates, *on_devices] if one is not None]
        return _certificates(self.actor, pks)

    def all_devices(self) -> list[Device]:
        """Return the devices, and those the certificates' keys are in."""
        of_keys = (getattr(one.key, "device", None) for one in self.certificates)
        pks = [one.pk for one in [*self.devices, *of_keys] if one is not None]
        return _devices(self.actor, pks)


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
) -> Dossier:
    """Open a draft whose rows are filled in about these certificates and devices.

    Forms about certificates take those issued last on the devices as well, and the other way
    round. ``answers`` go into every row; ``begins_with_a_row`` makes a blank one where nothing was
    chosen. Mẫu 07 and 08 without a choice bring all that waits.
    Raises as ``create_draft`` does; Certificate.DoesNotExist or Device.DoesNotExist for what the
    actor does not see.
    """
    dossier = create_draft(kind_code, actor=actor, now=now, variant=variant)
    about = _About(
        actor=actor,
        certificates=_certificates(actor, [one.pk for one in certificates]),
        devices=_devices(actor, [one.pk for one in devices]),
        now=now,
    )
    kind = kinds.get(kind_code)
    rows = with_numbers(_FILL[kind.effect](about), actor=actor, now=now)
    if begins_with_a_row and not rows:
        rows = [{}]
    if rows:
        filled = [fitting(kind, row) | dict(answers or {}) for row in rows]
        import_rows(dossier, filled, actor=actor, now=now, version=dossier.version)
        dossier.refresh_from_db()
    if kind.effect is EffectKind.ISSUE:
        _name_old_certificates(dossier, kind, about.certificates, actor=actor, now=now)
    return dossier


def _certificates(actor: User, pks: Sequence[int]) -> list[Certificate]:
    """Return the actor's certificates in that order, each once."""
    found = Certificate.objects.visible_to(actor).select_related(
        "subscriber__organisation", "key__device", "agency"
    )
    by_pk = {one.pk: one for one in found.filter(pk__in=pks)} if pks else {}
    if missing := set(pks) - set(by_pk):
        raise Certificate.DoesNotExist(f"not visible: {sorted(missing)}")
    return [by_pk[pk] for pk in dict.fromkeys(pks)]


def _devices(actor: User, pks: Sequence[int]) -> list[Device]:
    found = Device.objects.visible_to(actor).select_related("subscriber", "agency", "key")
    by_pk = {one.pk: one for one in found.filter(pk__in=pks)} if pks else {}
    if missing := set(pks) - set(by_pk):
        raise Device.DoesNotExist(f"not visible: {sorted(missing)}")
    return [by_pk[pk] for pk in dict.fromkeys(pks)]


def _anew(about: _About) -> list[Filled]:
    certificates = about.all_certificates()
    rows = issue.rows_of(certificates, today=timezone.localdate(about.now))
    return [Filled(row, one.subscriber) for row, one in zip(rows, certificates, strict=True)]


def _to_renew_or_change(about: _About) -> list[Filled]:
    return [
        Filled(renew_change.row_of(one, renews=False, changes=False), None)
        for one in about.all_certificates()
    ]


def _to_revoke(about: _About) -> list[Filled]:
    certificates = about.all_certificates()
    rows = revoke.rows_of(certificates)
    return [Filled(row, one.subscriber) for row, one in zip(rows, certificates, strict=True)]


def _to_recover(about: _About) -> list[Filled]:
    return [Filled(row, None) for row in recover.rows_of(about.all_devices())]


def _handed_over(about: _About) -> list[Filled]:
    only = [device.pk for device in about.all_devices()]
    return [Filled(*row) for row in handover.rows_to_tell(about.actor.agency, only=only)]


def _to_give_back(about: _About) -> list[Filled]:
    devices = about.all_devices()
    if not devices:
        rows = give_back.rows_to_give_back(about.actor.agency, now=about.now)
    else:
        rows = give_back.rows_of(devices, now=about.now)
    return [Filled(row, None) for row in rows]


def _lost(about: _About) -> list[Filled]:
    return [Filled(row, None) for row in loss.rows_of(about.all_devices())]


_FILL: Mapping[EffectKind, Callable[[_About], list[Filled]]] = {
    EffectKind.ISSUE: _anew,
    EffectKind.RENEW_CHANGE: _to_renew_or_change,
    EffectKind.REVOKE: _to_revoke,
    EffectKind.RECOVER: _to_recover,
    EffectKind.RECORD_HANDOVER: _handed_over,
    EffectKind.GIVE_BACK: _to_give_back,
    EffectKind.RECORD_LOSS: _lost,
}


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
