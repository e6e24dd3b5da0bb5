"""The page of one covering letter, whatever form comes back on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.core.roles import Capability
from portal.core.rules import Violation
from portal.core.steps import IllegalStep
from requests_app.covering_letters.paper import form_of, summary_of
from requests_app.covering_letters.steps import (
    COVERING_LETTERS,
    covered_of,
    still_waits,
)
from requests_app.errors import Barred, StaleVersion
from requests_app.letter_workflow import LetterAction, Stage
from requests_app.models import CoveredDossier, CoveringLetter, SigningMode
from requests_app.own_letters.cards import cards_of, try_step
from requests_app.own_letters.forms import LetterNumberForm, LetterScanForm, LetterStepForm

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest

# A letter stands in a frame of our own pages, and nowhere else; it runs nothing.
FRAMED = {
    "Content-Security-Policy": "default-src 'self'; script-src 'none'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'",
    "X-Frame-Options": "SAMEORIGIN",
    "Cache-Control": "private, no-store",
}
_DOSSIERS_A_PAGE = 100
_WHAT_WAITS = {
    Stage.DRAFT: gettext_lazy("Chuyên viên ghi số, ngày công văn rồi trình lãnh đạo Sở ký."),
    Stage.AWAITING_SIGNATURE: gettext_lazy("Đang chờ lãnh đạo Sở ký."),
    Stage.AWAITING_SEAL: gettext_lazy(
        "Lãnh đạo Sở đã ký; chuyên viên gửi đi thì hệ thống chuyển từng hồ sơ."
    ),
    Stage.FORWARDING: gettext_lazy("Hệ thống đang chuyển từng hồ sơ; không cần làm gì thêm."),
    Stage.SENT: gettext_lazy("Các hồ sơ đã ở Cục."),
    Stage.CANCELLED: gettext_lazy("Công văn đã hủy; các hồ sơ lại chờ chuyển."),
}
_TONE_OF = {CoveredDossier.Outcome.FORWARDED: "success", CoveredDossier.Outcome.LEFT_OUT: "danger"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a covered dossier, in words."""

    words: str
    tone: str
    detail: str


@dataclass(frozen=True, slots=True)
class Row:
    """One covered dossier as the page shows it."""

    covered: CoveredDossier
    form: str
    outcome: Outcome


def render_letter(
    request: UserRequest,
    letter: CoveringLetter,
    *,
    sent: LetterStepForm | None = None,
    number_form: LetterNumberForm | None = None,
    scan_form: LetterScanForm | None = None,
    violations: Sequence[Violation] = (),
) -> HttpResponse:
    """Render the page, with a form that came back where there is one."""
    covered = covered_of(letter)
    page = Paginator(covered, _DOSSIERS_A_PAGE).get_page(request.GET.get("page"))
    waits = letter.stage in (Stage.DRAFT, Stage.AWAITING_SIGNATURE, Stage.AWAITING_SEAL)
    is_officer = request.user.can(Capability.COVER_DOSSIERS)
    is_draft = is_officer and letter.stage == Stage.DRAFT
    takes_scan = is_officer and letter.stage == Stage.AWAITING_SIGNATURE
    is_ink = letter.signing_mode == SigningMode.INK
    paper_name = _("Bản quét đã ký, đóng dấu") if letter.scan else _("Công văn chờ ký")
    if letter.signed_letter:
        paper_name = _("Công văn đã ký")
    context = {
        "letter": letter,
        "summary": summary_of(covered),
        "page": page,
        "rows": [
            Row(one, form_of(one.dossier.kind), _outcome_of(one, waits=waits)) for one in page
        ],
        "what_waits": _WHAT_WAITS[Stage(letter.stage)],
        "paper_name": paper_name,
        "cards": cards_of(COVERING_LETTERS, letter, request, sealing=_("Chuyển Cục"), sent=sent),
        "is_draft": is_draft,
        "number_form": number_form
        or (
            LetterNumberForm(
                initial={
                    "letter_number": letter.letter_number,
                    "letter_date": letter.letter_date or timezone.localdate(),
                    "signer": str(letter.signer.uuid) if letter.signer else "",
                    "version": letter.version,
                },
                signers=COVERING_LETTERS.signers(letter, now=timezone.now()),
                auto_id="number_%s",
            )
            if is_draft
            else None
        ),
        "scan_form": scan_form
        or (
            LetterScanForm(initial={"version": letter.version}, auto_id="scan_%s")
            if takes_scan and is_ink
            else None
        ),
        "violations": violations,
        **progress_of(letter),
    }
    return render(request, "requests_app/covering/letter.html", context)


def _outcome_of(covered: CoveredDossier, *, waits: bool) -> Outcome:
    if waits and not still_waits(covered):  # it went elsewhere while the letter was made
        state = covered.dossier.get_state_display()
        return Outcome(_("Không còn chờ chuyển"), "warning", state)
    tone = _TONE_OF.get(CoveredDossier.Outcome(covered.outcome), "neutral")
    return Outcome(covered.get_outcome_display(), tone, covered.reason)


def progress_of(letter: CoveringLetter) -> dict[str, Any]:
    """Count what became of the dossiers, in one query."""
    outcome = CoveredDossier.Outcome
    counts = letter.covered.order_by().aggregate(
        total=Count("pk"),
        forwarded=Count("pk", filter=Q(outcome=outcome.FORWARDED)),
        left_out=Count("pk", filter=Q(outcome=outcome.LEFT_OUT)),
    )
    is_rendering = letter.stage == Stage.AWAITING_SIGNATURE and letter.letter_id is None
    return {
        "letter": letter,
        "progress": counts | {"settled": counts["forwarded"] + counts["left_out"]},
        "is_rendering": is_rendering,
        "is_busy": is_rendering or letter.stage == Stage.FORWARDING,
        "shows_progress": letter.stage in (Stage.FORWARDING, Stage.SENT),
    }


def take_step(request: UserRequest, letter: CoveringLetter) -> HttpResponse:
    """Take the step the form asks for; what stops it is said on the page."""
    form = LetterStepForm(request.POST, request.FILES)
    if not form.is_valid():
        return conflict(request, letter)  # no form of ours sends this
    try:
        if not try_step(COVERING_LETTERS, letter, form, request, now=timezone.now()):
            return render_letter(request, letter, sent=form)
    except (StaleVersion, IllegalStep, Barred):
        return conflict(request, letter)
    messages.success(request, _DONE[LetterAction(form.cleaned_data["action"])]())
    return redirect("requests_app:covering_letter", letter.uuid)


_DONE = {
    LetterAction.REQUEST_SIGNATURE: lambda: _("Đã trình lãnh đạo Sở ký."),
    LetterAction.REVISE: lambda: _("Đã lấy lại công văn để sửa; chữ ký và bản quét cũ bị bỏ."),
    LetterAction.SEND_BACK_TO_DRAFT: lambda: _("Đã yêu cầu soạn lại."),
    LetterAction.SIGN: lambda: _("Đã ký công văn."),
    LetterAction.SEAL: lambda: _("Đã gửi công văn; hệ thống đang chuyển từng hồ sơ."),
    LetterAction.CANCEL: lambda: _("Đã bỏ công văn; các hồ sơ lại chờ chuyển."),
}


def conflict(request: UserRequest, letter: CoveringLetter) -> HttpResponse:
    """Show the letter as it is now: somebody else changed it, nothing was overwritten."""
    now_is = CoveringLetter.objects.visible_to(request.user).select_related("office")
    found = now_is.filter(pk=letter.pk).first()
    if found is None:
        raise Http404
    changed = Violation(
        "changed_meanwhile",
        _("Công văn đã được người khác thay đổi, hoặc bước này phải do người khác thực hiện."),
        way_out=_("Xem lại công văn dưới đây rồi làm tiếp."),
    )
    response = render_letter(request, found, violations=[changed])
    response.status_code = 409
    return response
