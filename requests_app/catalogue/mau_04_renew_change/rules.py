"""Mẫu 04: what the register says of a certificate that is to be renewed or changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from devices.lifecycle import Custody
from portal.agencies.models import Agency, SubscriberKind
from portal.ca.models import Certificate, RenewalsSource, Storage, Trust
from portal.core import law
from portal.core.rules import Violation
from requests_app.catalogue.mau_04_renew_change.form import LEVELS, changed, moves_workplace
from requests_app.catalogue.mau_04_renew_change.prefill import row_of
from requests_app.kinds.base import EffectKind
from requests_app.kinds.duplicates import Asked, asked_twice
from requests_app.kinds.named_bodies import bodies_of, unregistered
from requests_app.kinds.row_rules import day_of_law
from requests_app.kinds.targets import serial_of
from requests_app.kinds.trees import own_tree
from requests_app.models import Dossier, DossierItem, Outcome
from requests_app.rules import certificates as rules
from requests_app.rules.dossiers import organisation_is_registered
from requests_app.rules.register import email_is_the_registered, name_is_the_registered
from requests_app.rules.transfers import new_workplace_is_the_senders

BLOCKED_BY = (EffectKind.RENEW_CHANGE, EffectKind.REVOKE)
# Nobody signs with these any more: a new certificate would have nowhere to go.
GIVEN_BACK = frozenset(
    {
        Custody.TO_BE_RETURNED,
        Custody.BACK_AT_AGENCY,
        Custody.AT_OFFICE,
        Custody.AT_CA,
        Custody.RETIRED,
    }
)


@dataclass(frozen=True, slots=True)
class _Register:
    """What the rows are held against."""

    own: Collection[int]  # the sender and the bodies that went over to it
    successors: Mapping[int, Certificate]  # by predecessor
    day: date  # the law's: of receipt
    renewed_until: date


def renewals_are_known(certificate: Certificate, row: int | None = None) -> Violation | None:
    """Điều 12 counts renewals: of a certificate that came in from a list a person says how many."""
    if certificate.renewals_source != RenewalsSource.UNKNOWN:
        return None
    return Violation(
        "renewals_unknown",
        _("Chưa rõ chứng thư đã gia hạn lần nào chưa; chỉ được gia hạn một lần."),
        "Điều 12 Nghị định 68/2024/NĐ-CP",
        row=row,
        way_out=_("Báo Sở trả lời ở đợt đưa hiện trạng vào, hoặc tải lên danh sách có cột ấy."),
    )


def violations(dossier: Dossier, items: Sequence[DossierItem], *, now: datetime) -> list[Violation]:
    """Return what stops the rows; judged on the day of receipt once the dossier was received.

    A row that was carried out has its certificate: nothing stops it any more.
    """
    return _violations(dossier, items, _read(dossier, items, now=now))


def _read(dossier: Dossier, items: Sequence[DossierItem], *, now: datetime) -> _Register:
    day = day_of_law(dossier, now)
    asked = [item.certificate_id for item in items if item.certificate_id]
    found = Certificate.objects.filter(predecessor__in=asked).only(
        "uuid", "serial", "agency", "predecessor"
    )
    return _Register(
        own=bodies_of(dossier.agency),
        successors={one.predecessor_id: one for one in found if one.predecessor_id is not None},
        day=day,
        renewed_until=timezone.localdate(rules.validity(now, years=law.RENEWED_VALIDITY_YEARS)[1]),
    )


def _violations(
    dossier: Dossier,
    items: Sequence[DossierItem],
    register: _Register,
    *,
    asked: Asked | None = None,
) -> list[Violation]:
    standing = [item for item in items if item.outcome != Outcome.DONE]
    known = [item for item in standing if _is_known(item, register)]
    unknown = [
        rules.certificate_is_known(False, serial, item.position)
        for item in standing
        # Without a number the row itself says that it is missing.
        if not _is_known(item, register) and (serial := serial_of(item.answers))
    ]
    # A body's new name must be the one it is registered under (275/BCY-CTSBMTT mục 4).
    renamed = {
        item.position: item.answers["new_name"]
        for item in known
        if item.answers.get("new_name")
        and item.certificate is not None
        and item.certificate.kind == SubscriberKind.ORGANISATION
    }
    # Who comes from another body is to work at the sender or at a body under it (R41).
    coming = [
        item
        for item in known
        if item.certificate is not None and item.certificate.agency_id not in register.own
    ]
    return [
        *filter(None, unknown),
        *_of_workplaces(dossier, coming, day=register.day),
        *(found for item in known for found in _of_row(item, register)),
        *unregistered(dossier.agency, renamed, organisation_is_registered, today=register.day),
        *asked_twice(dossier, known, by=BLOCKED_BY, asked=asked),
    ]


def _of_workplaces(dossier: Dossier, items: Sequence[DossierItem], *, day: date) -> list[Violation]:
    if not items:
        return []
    tree = own_tree(dossier.agency, today=day)
    found = []
    for item in items:
        bodies = [tree.named(item.answers.get(level, "")) for level in LEVELS]
        is_own = any(
            one.pk == tree.sender for body in bodies if body for one in tree.superiors(body.pk)
        )
        found.append(new_workplace_is_the_senders(is_own, item.position, item.title))
    return [violation for violation in found if violation]


def of_certificate(
    certificate: Certificate,
    *,
    agency: Agency,
    wishes: Sequence[Collection[str]],
    asked: Asked | None = None,
    now: datetime,
) -> list[list[Violation]]:
    """Return what keeps ``agency`` from asking for a certificate today, for each of ``wishes``.

    A wish is "renew" and/or "change".
    """
    dossier = Dossier(agency=agency)
    rows = [
        DossierItem(
            answers=row_of(certificate, renews="renew" in wants, changes="change" in wants),
            title=certificate.common_name,
            certificate=certificate,
            device=getattr(certificate.key, "device", None),
        )
        for wants in wishes
    ]
    register = _read(dossier, rows, now=now)
    return [_violations(dossier, [row], register, asked=asked) for row in rows]


def _is_known(item: DossierItem, register: _Register) -> bool:
    """Say whether the sender may ask: for its own, or for a person who moved to it (R41)."""
    certificate = item.certificate
    if certificate is None:
        return False
    if certificate.agency_id in register.own:
        return True
    return certificate.kind == SubscriberKind.PERSON and moves_workplace(item.answers)


def _of_row(item: DossierItem, register: _Register) -> list[Violation]:
    certificate, row = item.certificate, item.position
    assert certificate is not None
    if certificate.trust == Trust.NO_FILE:  # brought in from a list: nobody has seen its key
        message = _("Chứng thư %(serial)s mới biết từ danh sách, chưa có tệp chứng thư.")
        return [
            Violation(
                "no_certificate_file",
                message % {"serial": certificate.serial},
                row=row,
                way_out=_("Đề nghị Sở tải tệp chứng thư (.cer) lên ở Hiện trạng rồi lập hồ sơ."),
            )
        ]
    days_left = certificate.days_left(register.day)
    successor = register.successors.get(certificate.pk)
    # Whither a person moved is not told.
    told = successor if successor and successor.agency_id in register.own else None
    if ended := (
        rules.is_not_revoked(certificate.revoked_at is not None, certificate.kind, row)
        or rules.is_not_superseded(
            successor is not None,
            row,
            successor=told.serial if told else "",
            link=reverse("ca:detail", args=[told.uuid]) if told else "",
        )
        or rules.is_not_expired(days_left, certificate.kind, row)
    ):
        return [ended]
    found = [
        name_is_the_registered(
            item.answers.get("certificate_name", ""),
            certificate.common_name,
            row,
            whole=certificate.subscriber.name,
        ),
        email_is_the_registered(item.answers.get("email", ""), certificate.email, row),
        rules.sim_names_its_number(
            certificate.key.storage == Storage.SIM, item.answers.get("signing_phone", ""), row
        ),
    ]
    if device := item.device:
        is_given_back = device.custody in GIVEN_BACK
        found.append(
            rules.device_can_take_it(
                device.condition, is_given_back=is_given_back, kind=certificate.kind, row=row
            )
        )
    if item.answers.get("renews"):
        ends_on = timezone.localdate(certificate.not_after)
        again = rules.is_not_renewed_yet(
            certificate.renewals, certificate.kind, row
        ) or renewals_are_known(certificate, row)
        found += (
            [again]
            if again
            else [
                rules.has_30_days_left_to_renew(days_left, certificate.kind, row),
                rules.renewal_extends(ends_on, register.renewed_until, row),
            ]
        )
    if item.answers.get("changes"):
        found.append(rules.has_30_days_left_to_change(days_left, certificate.kind, row))
        found.append(rules.change_fits_subscriber(changed(item.answers), certificate.kind, row))
    return [violation for violation in found if violation]
