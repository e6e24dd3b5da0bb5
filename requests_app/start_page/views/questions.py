"""The questions of the start page: what happened, and for which certificates or devices."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.contrib import messages
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from devices.lifecycle import PRESENT, Condition, Custody, Move
from devices.models import Device
from devices.querysets import DeviceQuerySet
from devices.services import make_move
from portal.accounts.models import User
from portal.ca.models import Certificate
from portal.ca.querysets import EXPIRING_WITHIN_DAYS, CertificateQuerySet
from portal.ca.register.words import way_of_renewal
from portal.core import law
from portal.core.roles import Capability
from portal.core.rules import Refused, Violation
from portal.core.text.numbers import typed_number
from portal.core.text.vietnamese import nfc
from portal.core.web.paging import capped_count
from portal.core.web.refusals import Refusals
from requests_app import kinds
from requests_app.drafts.prefilled import start_dossier
from requests_app.drafts.services import MOST_ROWS
from requests_app.kinds.base import Kind
from requests_app.kinds.duplicates import standing_rows
from requests_app.kinds.issue_prefill import FORM_OF
from requests_app.models import DossierItem
from requests_app.rules.certificates import validity
from requests_app.rules.devices import AT_THE_AGENCY
from requests_app.start_page.occasions import OCCASIONS, About, Occasion, Pick, Way, find_occasion

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest

MOST_SHOWN = 100
_KIND_OF = {form: kind for kind, form in FORM_OF.items()}


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that can be ticked."""

    uuid: uuid.UUID
    name: str
    detail: str


@dataclass(frozen=True, slots=True)
class Choices:
    """What was ticked, the first of the other things that fit, how many "all" takes (capped)."""

    ticked: list[Choice]
    shown: list[Choice]
    count: int

    @property
    def is_whole(self) -> bool:
        """Whether nothing that fits was left out."""
        return len(self.shown) < MOST_SHOWN


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was ticked, as ``start_dossier`` takes it."""

    certificates: list[Certificate]
    devices: list[Device]

    @property
    def count(self) -> int:
        return len(self.certificates) + len(self.devices)


def choices(
    way: Way, about: str, *, user: User, text: str, ticked: Collection[uuid.UUID], now: datetime
) -> Choices:
    """Return what ``way`` can be about for ``user``, narrowed by ``text``; the most urgent first.

    What stands in an open dossier of the same kind is left out: it would be refused as asked twice.
    That something stands in the list does not mean that no rule stops it: the draft's check says.
    """
    if way.pick in _CERTIFICATES:
        of_kind = _certificates(way, about, user=user, now=now)
        fitting, kept = of_kind.found_by(text), of_kind.filter(uuid__in=ticked)
        others = fitting.exclude(uuid__in=ticked).order_by("not_after", "pk")[:MOST_SHOWN]
        return Choices(
            [_of_certificate(one, way, now=now) for one in kept.order_by("not_after", "pk")],
            [_of_certificate(one, way, now=now) for one in others],
            capped_count(_of_all(fitting, way, now)),
        )
    waiting = _devices(way, user=user, now=now)
    devices = waiting.found_by(text)
    rest = devices.exclude(uuid__in=ticked).order_by(*_order(way))[:MOST_SHOWN]
    return Choices(
        [_of_device(one) for one in waiting.filter(uuid__in=ticked).order_by(*_order(way))],
        [_of_device(one) for one in rest],
        capped_count(devices),
    )


def choose(
    way: Way,
    about: str,
    *,
    user: User,
    ticked: Collection[uuid.UUID] | None,
    text: str,
    now: datetime,
) -> Chosen:
    """Return what was ticked; ``ticked`` None takes all that fit ``text``, as many as fit a letter;
    to be renewed, of these what soon ends.

    What is not in the list (any more) is left out.
    """
    if way.pick in _CERTIFICATES:
        of_kind = _certificates(way, about, user=user, now=now)
        found = (
            _of_all(of_kind.found_by(text), way, now)
            if ticked is None
            else of_kind.filter(uuid__in=ticked)
        )
        return Chosen(list(found.order_by("not_after", "pk")[:MOST_ROWS]), [])
    waiting = _devices(way, user=user, now=now)
    rows = waiting.found_by(text) if ticked is None else waiting.filter(uuid__in=ticked)
    return Chosen([], list(rows.order_by(*_order(way))[:MOST_ROWS]))


def _of_all(found: CertificateQuerySet, way: Way, now: datetime) -> CertificateQuerySet:
    """Leave out what "all" does not mean: a certificate is renewed once, so none years too soon."""
    if way.pick is not Pick.TO_RENEW:
        return found
    return found.expiring(now, within_days=EXPIRING_WITHIN_DAYS)


def _order(way: Way) -> Sequence[str]:
    """Return the order of devices: what is recorded as locked before what is ok, then by age."""
    return ("condition", "received_at", "pk") if way.pick is Pick.LOCKED else ("received_at", "pk")


def _certificates(way: Way, about: str, *, user: User, now: datetime) -> CertificateQuerySet:
    visible = Certificate.objects.visible_to(user).for_list().select_related("key")
    kind = _KIND_OF.get(way.kind_code) or ("" if about == About.DEVICE else about)
    if kind:
        visible = visible.filter(kind=kind)
    asked = _asked_already(way, user).filter(certificate__isnull=False)
    visible = visible.exclude(pk__in=asked.values("certificate"))
    return _CERTIFICATES[way.pick](visible, now)


def _long_enough(now: datetime) -> datetime:
    """Return from when on a certificate that ends then has the days left that the law asks for."""
    return _midnight(timezone.localdate(now) + timedelta(days=law.DAYS_LEFT_TO_ASK))


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _to_renew(found: CertificateQuerySet, now: datetime) -> CertificateQuerySet:
    """R05, and DOMAIN 14.12: what ends later than a renewal would is not renewed yet."""
    _begins, ends = validity(now, years=law.RENEWED_VALIDITY_YEARS)
    ends_sooner = _to_change(found, now).filter(not_after__lt=_midnight(timezone.localdate(ends)))
    return ends_sooner.filter(renewals__lt=law.RENEWALS_ALLOWED)


def _to_change(found: CertificateQuerySet, now: datetime) -> CertificateQuerySet:
    standing = found.valid_at(now).filter(successors__isnull=True)
    return standing.filter(not_after__gte=_long_enough(now))


def _to_issue_anew(found: CertificateQuerySet, now: datetime) -> CertificateQuerySet:
    ended = Q(revoked_at__isnull=False) | Q(not_after__lt=_long_enough(now))
    return found.filter(ended, successors__isnull=True)


_CERTIFICATES: Mapping[Pick, Callable[[CertificateQuerySet, datetime], CertificateQuerySet]] = {
    Pick.TO_RENEW: _to_renew,
    Pick.TO_CHANGE: _to_change,
    Pick.TO_REVOKE: lambda found, now: found.filter(revoked_at__isnull=True, not_after__gt=now),
    Pick.TO_ISSUE_ANEW: _to_issue_anew,
    Pick.TOO_LATE_TO_RENEW: lambda found, now: _to_issue_anew(found, now).filter(
        revoked_at__isnull=True
    ),
}


def _devices(way: Way, *, user: User, now: datetime) -> DeviceQuerySet:
    asked = _asked_already(way, user).filter(device__isnull=False)
    visible = Device.objects.visible_to(user).for_list().exclude(pk__in=asked.values("device"))
    match way.pick:
        case Pick.LOCKED:
            held = visible.filter(custody=Custody.WITH_SUBSCRIBER)
            fit = held.filter(condition__in=(Condition.LOCKED, Condition.OK))
            return fit.with_valid_certificate(now)
        case Pick.IN_USE:
            return visible.filter(custody__in=AT_THE_AGENCY).with_valid_certificate(now)
        case Pick.AT_THE_AGENCY:
            return visible.filter(custody__in=AT_THE_AGENCY)
        case Pick.TO_GIVE_BACK:
            return visible.filter(custody=Custody.BACK_AT_AGENCY, condition__in=PRESENT)
        case Pick.HANDED_OVER:
            return visible.filter(agency=user.agency_id).handed_over_without_notice()
    return visible.none()


def _asked_already(way: Way, user: User) -> QuerySet[DossierItem]:
    """Return the rows of the user's body that ask for the same and have no end yet."""
    effect = kinds.get(way.kind_code).effect
    return standing_rows({effect}).filter(dossier__agency=user.agency_id).order_by()


def _of_certificate(certificate: Certificate, way: Way, *, now: datetime) -> Choice:
    state = certificate.state(now).label
    ends = f"{timezone.localdate(certificate.not_after):%d/%m/%Y}"
    detail = _("%(serial)s · %(storage)s · %(state)s, đến %(day)s") % {
        "serial": certificate.serial,
        "storage": certificate.key.get_storage_display(),
        "state": state,
        "day": ends,
    }
    if way.pick is Pick.TO_RENEW:
        detail += f" · {way_of_renewal(certificate, today=timezone.localdate(now))}"
    elif way.pick is Pick.TOO_LATE_TO_RENEW:
        detail += _(" · chỉ còn cấp mới")
    return Choice(certificate.uuid, certificate.common_name, detail)


def _of_device(device: Device) -> Choice:
    name = device.subscriber.name if device.subscriber else device.serial
    detail = _("%(serial)s · %(kind)s · %(place)s, %(condition)s") % {
        "serial": device.serial,
        "kind": device.get_kind_display(),
        "place": device.get_custody_display(),
        "condition": device.get_condition_display().lower(),
    }
    return Choice(device.uuid, name, detail)


_MOST_TEXT = 100


def must_draft(user: User) -> None:
    """For who drafts no dossiers the pages do not exist."""
    if not user.can(Capability.DRAFT):
        raise Http404


@require_safe
def happened(request: UserRequest) -> HttpResponse:
    """Ask what happened to it."""
    must_draft(request.user)
    about = request.GET.get("about", "")
    if about not in About.values:
        return _back("requests_app:start", asked="1")
    context = {
        "about": About(about),
        "occasions": OCCASIONS[About(about)],
        "has_no_answer": request.GET.get("asked") == "1",
    }
    return render(request, "requests_app/editor/start_happened.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def way(request: UserRequest) -> HttpResponse:
    """Say what follows and let the things be chosen that it is for; open the draft."""
    must_draft(request.user)
    about, event = request.GET.get("about", ""), request.GET.get("event", "")
    occasion = find_occasion(about, event)
    if occasion is None:
        return _back("requests_app:start_happened", about=about, asked="1")
    chosen: Way | None = None
    if occasion.ways:  # numbered from 1; any other number is the first
        place = typed_number(request.GET.get("way", ""), otherwise=1)
        chosen = occasion.ways[place - 1 if 1 <= place <= len(occasion.ways) else 0]
    refused = Refusals()
    if chosen is not None and request.POST.get("do") in ("open", "blank"):
        with refused, transaction.atomic():
            # Open the draft with what was ticked; raises Refused when nothing was.
            now = timezone.now()
            is_blank = chosen.pick is Pick.NOTHING or request.POST.get("do") == "blank"
            picked = None
            if not is_blank:
                picked = choose(
                    chosen,
                    about,
                    user=request.user,
                    ticked=None if _takes_all(request, chosen) else _ticked(request),
                    text=_text(request),
                    now=now,
                )
                if not picked.count:
                    raise Refused(
                        Violation(
                            "nothing_chosen",
                            _("Chưa chọn dòng nào trong danh sách."),
                            way_out=_("Đánh dấu ít nhất một dòng, hoặc bấm “Lập bản trống”."),
                        )
                    )
                if chosen.pick is Pick.LOCKED:
                    # The clerk says so, which nobody has recorded yet.
                    why = _(
                        "Văn thư lập đề nghị khôi phục (Mẫu 06): thuê bao báo thiết bị bị khóa."
                    )
                    for device in picked.devices:
                        if device.condition == Condition.OK:
                            make_move(device, Move.LOCK, actor=request.user, now=now, reason=why)
            dossier = start_dossier(
                chosen.kind_code,
                variant=chosen.variant,
                actor=request.user,
                now=now,
                certificates=picked.certificates if picked else (),
                devices=picked.devices if picked else (),
                answers=chosen.answers,
                begins_with_a_row=bool(chosen.to_type),
            )
            if chosen.to_type:
                messages.info(request, chosen.to_type)
            return redirect("requests_app:editor", dossier.uuid)
    return _render_way(request, About(about), occasion, chosen, refused.violations)


def _back(route: str, **params: str) -> HttpResponse:
    """Go to the question that has no answer yet."""
    return redirect(f"{reverse(route)}?{urlencode(params)}")


def _takes_all(request: UserRequest, way: Way) -> bool:
    """Say whether all that fits was asked for; of what is locked nobody means all that is held."""
    return "all" in request.POST and way.pick is not Pick.LOCKED


def _ticked(request: UserRequest) -> list[uuid.UUID]:
    """Return what is ticked; what is no identifier is none."""
    found = []
    for text in request.POST.getlist("pick"):
        try:
            found.append(uuid.UUID(text))
        except ValueError:
            continue
    return found


def _text(request: UserRequest) -> str:
    return nfc(request.POST.get("q", ""))[:_MOST_TEXT]


@dataclass(frozen=True, slots=True)
class Part:
    """One way as the page shows it: its form, what can be ticked for it, what was typed there."""

    number: int
    way: Way
    kind: Kind
    choices: Choices | None
    text: str
    takes_all: bool
    offers_all: bool
    waits_for_all: bool
    ticks_shown: bool  # a hand-over that nobody was told of is told of, unless somebody objects


def _render_way(
    request: UserRequest,
    about: About,
    occasion: Occasion,
    chosen: Way | None,
    violations: Sequence[Violation],
) -> HttpResponse:
    context = {
        "about": about,
        "occasion": occasion,
        "ways": list(enumerate(occasion.ways, start=1)),
        "way": chosen,
        "violations": violations,
    }
    if chosen is not None:
        ways = occasion.ways if occasion.is_together else (chosen,)
        parts = []
        for way in ways:
            is_chosen = way is chosen  # only in it something was typed
            text = _text(request) if is_chosen else ""
            found = None
            if way.pick is not Pick.NOTHING:
                found = choices(
                    way,
                    about,
                    user=request.user,
                    text=text,
                    ticked=_ticked(request) if is_chosen else (),
                    now=timezone.now(),
                )
            parts.append(
                Part(
                    number=occasion.ways.index(way) + 1,
                    way=way,
                    kind=kinds.get(way.kind_code),
                    choices=found,
                    text=text,
                    takes_all=is_chosen and _takes_all(request, way),
                    offers_all=found is not None
                    and found.count > 1
                    and way.pick is not Pick.LOCKED,
                    waits_for_all=way.pick in (Pick.TO_GIVE_BACK, Pick.HANDED_OVER),
                    ticks_shown=way.pick is Pick.HANDED_OVER and request.method != "POST",
                )
            )
        context |= {"parts": parts, "choices": parts[ways.index(chosen)].choices}
    return render(request, "requests_app/editor/start_way.html", context)
