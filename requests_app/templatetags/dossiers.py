"""A dossier in words, for templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import template
from django.template.context import Context
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from devices.lifecycle import Move
from devices.models import Device
from portal.ca.models import Certificate
from portal.core.templatetags.portal_ui import state_tag
from requests_app import kinds
from requests_app.models import Decision, Dossier, DossierItem, Outcome
from requests_app.pages import wording
from requests_app.start_page.offers import LOSE, Offer, offers_for_certificate, offers_for_device
from requests_app.titles import headline_of, letter_words, title_of
from requests_app.workflow import HANDING_BACK, State

register = template.Library()

_OFFERS = "requests_app/offers/_offers.html"
_DECISION_TONES = {Decision.ACCEPTED: "success", Decision.REFUSED: "danger"}
_OUTCOME_TONES = {
    Outcome.DONE: "success",
    Outcome.REFUSED: "danger",
    Outcome.FAILED: "danger",
    Outcome.PENDING: "warning",
}

_RECEIVED = {
    Decision.NONE: (gettext_lazy("Chưa xác nhận"), "neutral"),
    Decision.ACCEPTED: (gettext_lazy("Đã nhận"), "success"),
    Decision.REFUSED: (gettext_lazy("Không nhận"), "danger"),
}

_NEXT = {
    State.DRAFT: ("requests_app:editor", gettext_lazy("Soạn tiếp")),
    State.RETURNED: ("requests_app:editor", gettext_lazy("Sửa hồ sơ")),
    State.AWAITING_SIGNATURE: ("requests_app:sign", gettext_lazy("Xem và ký")),
    State.AWAITING_SEAL: ("requests_app:sign", gettext_lazy("Ký số và gửi")),
    State.SUBMITTED: ("requests_app:review", gettext_lazy("Xem xét")),
    State.FORWARDED: ("requests_app:review", gettext_lazy("Xem xét")),
    State.DECIDED: ("requests_app:confirm", gettext_lazy("Xem và phê duyệt")),
    State.EXECUTION_FAILED: ("requests_app:detail", gettext_lazy("Xem lỗi")),
}


@register.filter
def row_among(dossier: Dossier, rows: Mapping[int, str]) -> str:
    """Return which row of the dossier was found, of a list's ("" none)."""
    return rows.get(dossier.pk, "")


@register.filter
def dossier_title(dossier: Dossier) -> str:
    return title_of(dossier)


@register.filter
def headline(dossier: Dossier) -> str:
    """Return what the dossier is about, without whose it is."""
    return headline_of(dossier)


@register.filter
def letter_line(dossier: Dossier) -> str:
    """Return the letter's number and day; before it has one, the day the draft was begun."""
    if words := letter_words(dossier):
        return capfirst(words)
    day = timezone.localdate(dossier.created_at)
    return str(_("Chưa có số văn bản, lập ngày %(day)s") % {"day": f"{day:%d/%m/%Y}"})


@register.filter
def form_number(dossier: Dossier) -> str:
    """Return the number of the form ("01")."""
    return kinds.get(dossier.kind).number


@register.filter
def is_minutes(dossier: Dossier) -> bool:
    """Say whether the receiving side confirms the dossier device by device."""
    return dossier.route in HANDING_BACK


@register.filter
def what_next(dossier: Dossier) -> str:
    return wording.what_next(dossier)


@register.filter
def deed(action: str) -> str:
    return wording.deed_of(action)


@register.filter
def just_done(action: str) -> str:
    return wording.done_of(action)


@dataclass(frozen=True, slots=True)
class Button:
    """The one button of a line in a work list."""

    label: str
    url: str


@register.simple_tag
def next_button(dossier: Dossier, role: str) -> Button:
    """Return where ``role`` goes on with the dossier: its next step, or just the page of it."""
    if dossier.queue == role and dossier.state == State.SUBMITTED and is_minutes(dossier):
        route, label = "requests_app:minutes", gettext_lazy("Nhận thiết bị")
    elif dossier.queue == role and dossier.state in _NEXT:
        route, label = _NEXT[State(dossier.state)]
    else:
        route, label = "requests_app:detail", gettext_lazy("Xem")
    return Button(str(label), reverse(route, args=[dossier.uuid]))


@register.simple_tag(takes_context=True)
def dossier_state(context: Context, dossier: Dossier) -> SafeString:
    """Return the state of a dossier as a word in a tag, as the reader has it."""
    words = wording.state_for(dossier, context["request"].user)
    return state_tag(words, wording.tone_of(dossier.state))


@register.simple_tag
def row_state(item: DossierItem) -> SafeString:
    """Return how a row stands: its outcome, or else what was decided."""
    if is_minutes(item.dossier):
        label, tone = _RECEIVED[Decision(item.decision)]
        return state_tag(label, tone)
    if item.outcome:
        outcome = Outcome(item.outcome)
        return state_tag(outcome.label, _OUTCOME_TONES[outcome])
    decision = Decision(item.decision)
    return state_tag(decision.label, _DECISION_TONES.get(decision, "neutral"))


@register.inclusion_tag(_OFFERS, takes_context=True)
def certificate_offers(context: Context, certificate: Certificate) -> dict[str, Any]:
    """Render what a clerk may ask about a certificate; nothing for anybody else."""
    user, now = context["request"].user, context["frame"].now
    where = reverse("requests_app:start_from_certificate", args=[certificate.uuid])
    return _shown(offers_for_certificate(certificate, user, now), where, context)


@register.inclusion_tag(_OFFERS, takes_context=True)
def device_offers(context: Context, device: Device) -> dict[str, Any]:
    """Render what a clerk may ask about a device; nothing for anybody else.

    A loss is reported on the page itself, at once; its minutes are offered when it is.
    """
    user, now = context["request"].user, context["frame"].now
    where = reverse("requests_app:start_from_device", args=[device.uuid])
    offers = offers_for_device(device, user, now)
    if device.can(Move.REPORT_LOST, user.role):
        offers = [offer for offer in offers if offer.code != LOSE]
    return _shown(offers, where, context)


def _shown(offers: Sequence[Offer], where: str, context: Context) -> dict[str, Any]:
    asked = [
        offer
        for offer in offers
        if offer.violations and {one.code for one in offer.violations} == {"duplicate_open"}
    ]
    return {
        "asked_offers": asked,
        "open_offers": [offer for offer in offers if offer.is_open],
        "closed_offers": [
            (offer, [one for one in offers if one.code in offer.instead and one.is_open])
            for offer in offers
            if not offer.is_open and offer not in asked
        ],
        "where": where,
        "csrf_token": context.get("csrf_token"),
    }
