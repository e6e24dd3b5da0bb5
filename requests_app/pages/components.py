"""What several pages of a dossier need: finding it, its rows, its progress, its steps as forms."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.core.text.identifiers import mask
from portal.core.text.numbers import typed_number
from requests_app import kinds
from requests_app.kinds.base import Field, Widget, Words
from requests_app.mandates.drafting import may_draft
from requests_app.models import Attachment, Decision, Dossier, DossierItem, Outcome, ReturnReason
from requests_app.steps.engine import allowed_steps
from requests_app.steps.forms import NAMES_ROWS, StepForm
from requests_app.submission.signers import may_sign
from requests_app.workflow import EDITABLE, Action, DossierStep, State, steps_open_to

if TYPE_CHECKING:
    from django.http import HttpRequest

    from portal.accounts.models import User

ROWS_A_PAGE = 50
_JOINED = (
    "agency", "agency_version", "office", "addressee", "letter", "signed_letter", "created_by",
    "signer",
)  # fmt: skip

# Steps that are a plain form on the dossier's own page.
ON_THE_SPOT = frozenset(
    {
        Action.REVISE,
        Action.SEND_BACK_TO_DRAFT,
        Action.RETURN,
        Action.SEND_BACK,
        Action.ACKNOWLEDGE,
        Action.RETRY,
        Action.WITHDRAW,
    }
)
# Steps that have a page of their own, because something must be read first.
PAGES: Mapping[str, tuple[str, Words]] = {
    Action.REQUEST_SIGNATURE: ("requests_app:check", gettext_lazy("Kiểm tra rồi trình ký")),
    Action.SIGN: ("requests_app:sign", gettext_lazy("Đọc và ký văn bản")),
    Action.SEAL: ("requests_app:sign", gettext_lazy("Ký số cơ quan và gửi")),
    Action.FORWARD: ("requests_app:review", gettext_lazy("Xem xét hồ sơ")),
    Action.DECIDE: ("requests_app:review", gettext_lazy("Xem xét từng dòng")),
    Action.TAKE_ALL: ("requests_app:minutes", gettext_lazy("Nhận và xác nhận từng thiết bị")),
    Action.TAKE_SOME: ("requests_app:minutes", gettext_lazy("Nhận và xác nhận từng thiết bị")),
    Action.CONFIRM: ("requests_app:confirm", gettext_lazy("Xem kết quả và phê duyệt")),
    Action.REJECT: ("requests_app:confirm", gettext_lazy("Xem kết quả và phê duyệt")),
}
_BACKWARDS = frozenset(
    {
        Action.REVISE,
        Action.SEND_BACK_TO_DRAFT,
        Action.RETURN,
        Action.SEND_BACK,
        Action.WITHDRAW,
        Action.REJECT,
    }
)


@dataclass(slots=True)
class StepCard:
    """One open step as the page shows it."""

    step: DossierStep
    form: StepForm

    @property
    def is_backwards(self) -> bool:
        """Whether it undoes or stops: such a button is never the loud one."""
        return self.step.action in _BACKWARDS

    @property
    def html_id(self) -> str:
        """The id of its form, by which what stands elsewhere on the page belongs to it."""
        return f"buoc-{self.step.action.value}"

    @property
    def is_open(self) -> bool:
        """Whether its form stands open: it was sent and came back."""
        return self.form.is_bound


def picks_for(cards: Sequence[StepCard]) -> StepCard | None:
    """Return the one whose reason names rows of the list, so that they can be ticked there."""
    return next((card for card in cards if card.step.action in NAMES_ROWS), None)


def wants_fragment(request: HttpRequest) -> bool:
    """Say whether htmx asks for a part of the page (not for a page out of its history)."""
    htmx = request.htmx  # type: ignore[attr-defined]
    return bool(htmx) and not htmx.history_restore_request


def find(user: User, uuid: UUID) -> Dossier:
    """Return a dossier ``user`` may see, or raise Http404."""
    dossier = Dossier.objects.visible_to(user).select_related(*_JOINED).filter(uuid=uuid).first()
    if dossier is None:
        raise Http404
    return dossier


def find_with_copies(user: User, uuid: UUID) -> tuple[Dossier, bool]:
    """Return a dossier and whether ``user`` only has a copy to follow it by."""
    found = Dossier.objects.select_related(*_JOINED).filter(uuid=uuid)
    if dossier := found.visible_to(user).first():
        return dossier, False
    if dossier := found.visible_as_copy_to(user).first():
        return dossier, True
    raise Http404


def steps_of(
    dossier: Dossier, user: User, *, sent: StepForm | None = None, only: Collection[str]
) -> list[StepCard]:
    """Return those of ``only`` open to ``user``; ``sent`` is the form that came back, if any."""
    steps = [step for step in allowed_steps(dossier, user) if step.action in only]
    reasons = active_reasons() if any(step.needs_reason for step in steps) else []
    came_back = sent.data.get("action") if sent is not None else None
    return [
        StepCard(
            step,
            sent
            if sent is not None and came_back == step.action
            else step_form(dossier, step.action, reasons=reasons),
        )
        for step in steps
    ]


@dataclass(frozen=True, slots=True)
class PageLink:
    """The way to a page on which a step is prepared and taken."""

    label: Words
    url: str


def pages_of(dossier: Dossier, user: User, *, barred: Sequence[DossierStep]) -> list[PageLink]:
    """Return the pages that lead to the user's steps, also to one whose rows are not ready yet."""
    if user.looks_only:
        return []
    bars = {step.action for step in barred}
    if not may_sign(dossier, user):
        bars.add(Action.SIGN)
    found = {
        PAGES[step.action][0]: PAGES[step.action][1]
        for step in steps_open_to(user.role, state=dossier.state, route=dossier.route)
        if step.action in PAGES and step.action not in bars
    }
    return [PageLink(label, reverse(page, args=[dossier.uuid])) for page, label in found.items()]


def step_form(
    dossier: Dossier,
    action: str,
    *,
    data: Any = None,
    files: Any = None,
    reasons: Sequence[ReturnReason] = (),
) -> StepForm:
    """Return the form of one step; its ids carry the action, as several stand on a page.

    An action that is none gets no form of its own on the page: its ids do not matter.
    """
    name = action if action in Action.values else "step"
    return StepForm(
        data,
        files,
        dossier=dossier,
        step=action,
        initial={"action": action, "version": dossier.version},
        reasons=reasons,
        auto_id=f"{name}_%s",
    )


def active_reasons() -> list[ReturnReason]:
    """Return the catalogue of reasons."""
    return list(ReturnReason.objects.filter(is_active=True))


@dataclass(frozen=True, slots=True)
class Row:
    """One row as lists show it: personal numbers masked."""

    item: DossierItem
    identity: str
    glance: Sequence[tuple[Words, str]] = ()  # what is read of it without opening it, by label


def rows_page(dossier: Dossier, number: str | None) -> Page[DossierItem]:
    """Return one page of rows, joined with what the table shows."""
    joined = dossier.items.select_related("result", "certificate", "device")
    rows = joined.defer("certificate__der", "certificate__crl_entry").order_by("position")
    return Paginator(rows, ROWS_A_PAGE).get_page(number)


def masked(dossier: Dossier, page: Page[DossierItem]) -> list[Row]:
    """Return the rows of a page with the number that tells people apart, masked."""
    kind = kinds.get(dossier.kind)
    fields = {one.name: one for one in kind.fields}

    def glance(item: DossierItem) -> list[tuple[Words, str]]:
        said = [
            (
                label,
                [
                    words_of(fields[name], value)
                    for name in names
                    if (value := item.answers.get(name))
                ],
            )
            for label, names in kind.glance
        ]
        return [(label, ", ".join(parts)) for label, parts in said if parts]

    has_number = "identity_number" in fields
    return [
        Row(item, mask(item.answers.get("identity_number", "")) if has_number else "", glance(item))
        for item in page
    ]


def shown(one: Field, value: str) -> str:
    """Return a value for a page that many see: chosen words, personal numbers masked."""
    return mask(value) if one.is_personal else words_of(one, value)


def words_of(one: Field, value: str) -> str:
    """Return a value as its choice is called; a tick in words, a PKCS#10 request by its key."""
    if one.widget == Widget.CHECKBOX:
        return _("Có") if value else _("Không")
    return dict(one.choices).get(value, one.shown(value))


def answers_of(dossier: Dossier, item: DossierItem) -> list[tuple[str, str]]:
    """Return the answers of a row with their official labels, whole; empty ones left out."""
    return [
        (one.label, words_of(one, item.answers.get(one.name, "")))
        for one in kinds.get(dossier.kind).fields
        if item.answers.get(one.name)
    ]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the rows of a dossier are."""

    total: int
    accepted: int
    refused: int
    done: int
    failed: int
    pending: int  # another CA was asked

    @property
    def undecided(self) -> int:
        return self.total - self.accepted - self.refused

    @property
    def ended(self) -> int:
        """Rows that were to be carried out and have an end."""
        return self.done + self.failed


def progress_of(dossier: Dossier) -> Progress:
    """Count the rows by decision and outcome, in one query."""
    counts = dossier.items.order_by().aggregate(
        total=Count("pk"),
        accepted=Count("pk", filter=Q(decision=Decision.ACCEPTED)),
        refused=Count("pk", filter=Q(decision=Decision.REFUSED)),
        done=Count("pk", filter=Q(outcome=Outcome.DONE)),
        failed=Count("pk", filter=Q(outcome=Outcome.FAILED)),
        pending=Count("pk", filter=Q(outcome=Outcome.PENDING)),
    )
    return Progress(**counts)


def is_busy(dossier: Dossier) -> bool:
    """Say whether the portal itself is at work on the dossier, so that the page refreshes."""
    is_rendering = dossier.state == State.AWAITING_SIGNATURE and dossier.letter_id is None
    return is_rendering or dossier.state in (State.ACCEPTED, State.EXECUTING)


def scan_of(dossier: Dossier) -> Attachment | None:
    """Return the scan of the letter signed by hand, if there is one."""
    scans = dossier.attachments.filter(kind=Attachment.Kind.SIGNED_SCAN, is_current=True)
    return scans.select_related("document").first()


def is_editor(dossier: Dossier, user: User) -> bool:
    """Say whether ``user`` may change the draft."""
    return (
        dossier.state in EDITABLE
        and may_draft(user, dossier.kind, dossier.agency_id)
        and Dossier.objects.visible_to(user).filter(pk=dossier.pk).exists()
    )


def version_of(request: HttpRequest) -> int:
    """Return the version a form without a form class carries; 0, which none has, for odd ones."""
    return typed_number(request.POST.get("version"), otherwise=0)


def typed_in(form_data: Any) -> list[str]:
    """Return the free text a person typed in a form that could not be taken, to copy from."""
    return [
        text
        for name in form_data
        if name.endswith("reason")
        for text in form_data.getlist(name)
        if text.strip()
    ]
