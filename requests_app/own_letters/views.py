"""What the pages of a body's own papers share: number, scan, steps, and a change that came late."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.core.roles import Capability
from portal.core.rules import Refused, Violation
from portal.core.steps import IllegalStep
from portal.documents import letters
from portal.documents.responses import file_response
from requests_app.errors import Barred, NotEditable, StaleVersion
from requests_app.models import SigningMode
from requests_app.own_letters.cards import cards_of, try_step
from requests_app.own_letters.forms import LetterNumberForm, LetterScanForm, LetterStepForm
from requests_app.own_letters.steps import L, LetterKind
from requests_app.paper_workflow import PaperAction, PaperStage

if TYPE_CHECKING:
    from portal.accounts.models import User, UserRequest

View = Callable[..., HttpResponse]
_DONE = {
    PaperAction.REQUEST_SIGNATURE: lambda: _("Đã trình lãnh đạo ký."),
    PaperAction.REVISE: lambda: _("Đã lấy lại để sửa; chữ ký và bản quét cũ bị bỏ."),
    PaperAction.SEND_BACK_TO_DRAFT: lambda: _("Đã yêu cầu soạn lại."),
    PaperAction.SIGN: lambda: _("Đã ký văn bản."),
    PaperAction.SEAL: lambda: _("Đã phát hành văn bản."),
    PaperAction.CANCEL: lambda: _("Đã bỏ văn bản."),
}


@dataclass(frozen=True, slots=True)
class PaperPages(Generic[L]):
    """The acts that every page of a paper offers, each a view.

    ``find`` returns what a user may see or raises Http404, ``page`` renders it with forms that came
    back, ``route`` is where a paper has its page.
    """

    kind: LetterKind[L]
    find: Callable[[User, UUID], L]
    page: Callable[..., HttpResponse]
    route: str

    def change(
        self, request: UserRequest, paper: L, change: Callable[[], object], done: str
    ) -> HttpResponse:
        """Change a paper and go back to its page; what stops it is said there."""
        try:
            change()
        except Refused as refusal:
            return self.page(request, paper, violations=refusal.violations)
        except (StaleVersion, NotEditable):
            return self.conflict(request, paper)
        except (self.kind.rows.model.DoesNotExist, PermissionDenied) as error:
            raise Http404 from error
        messages.success(request, done)
        return redirect(self.route, paper.uuid)

    def conflict(self, request: UserRequest, paper: L) -> HttpResponse:
        """Show the paper as it is now: somebody else changed it, nothing was overwritten."""
        changed = Violation(
            "changed_meanwhile",
            _("Văn bản đã được người khác thay đổi, hoặc bước này phải do người khác thực hiện."),
            way_out=_("Xem lại văn bản dưới đây rồi làm tiếp."),
        )
        found = self.find(request.user, paper.uuid)
        response = self.page(request, found, violations=[changed])
        response.status_code = 409
        return response

    @property
    def number(self) -> View:
        """Keep the number and day of a draft."""

        @require_POST
        def view(request: UserRequest, uuid: UUID) -> HttpResponse:
            found, now = self.find(request.user, uuid), timezone.now()
            form = LetterNumberForm(request.POST, signers=self.kind.signers(found, now=now))
            if not form.is_valid():
                return self.page(request, found, number_form=form)
            act: dict[str, Any] = form.cleaned_data | {"actor": request.user, "now": now}
            done = _("Đã lưu số và ngày văn bản.")
            return self.change(request, found, lambda: self.kind.number(found, **act), done)

        return view

    @property
    def scan(self) -> View:
        """Keep the scan of a paper signed by hand."""

        @require_POST
        def view(request: UserRequest, uuid: UUID) -> HttpResponse:
            found = self.find(request.user, uuid)
            form = LetterScanForm(request.POST, request.FILES)
            if not form.is_valid():
                return self.page(request, found, scan_form=form)
            file, version = form.cleaned_data["file"], form.cleaned_data["version"]
            act: dict[str, Any] = {"actor": request.user, "now": timezone.now(), "version": version}
            done = _("Đã tải lên bản quét.")
            return self.change(
                request, found, lambda: self.kind.attach_scan(found, file, **act), done
            )

        return view

    @property
    def step(self) -> View:
        """Take a step; one that is refused comes back with its form."""

        @require_POST
        def view(request: UserRequest, uuid: UUID) -> HttpResponse:
            found, form = self.find(request.user, uuid), LetterStepForm(request.POST, request.FILES)
            if not form.is_valid():
                return self.conflict(request, found)  # no form of ours sends this
            try:
                if not try_step(self.kind, found, form, request, now=timezone.now()):
                    return self.page(request, found, sent=form)
            except (StaleVersion, IllegalStep, Barred):
                return self.conflict(request, found)
            messages.success(request, _DONE[PaperAction(form.cleaned_data["action"])]())
            return redirect(self.route, found.uuid)

        return view

    @property
    def pdf(self) -> View:
        """Return the paper as it went out, as it was frozen, or as it would be printed now."""

        @require_safe
        def view(request: UserRequest, uuid: UUID) -> HttpResponse:
            found = self.find(request.user, uuid)
            if found.paper is not None:
                document = found.letter if "original" in request.GET else found.paper
                return file_response(
                    document or found.paper, as_attachment="download" in request.GET
                )
            if (letter := self.kind.letter_of(found, timezone.now())) is None:
                raise Http404
            headers = {"Cache-Control": "private, no-store"}
            return HttpResponse(
                letters.render(letter), content_type="application/pdf", headers=headers
            )

        return view

    def context(
        self,
        request: UserRequest,
        paper: L,
        *,
        edits: Capability,
        sent: LetterStepForm | None = None,
        number_form: LetterNumberForm | None = None,
        scan_form: LetterScanForm | None = None,
    ) -> dict[str, Any]:
        """Return what the panel of a paper's way shows: its open steps and its forms."""
        is_own = paper.issuer.pk in request.user.body_ids
        writes = is_own and request.user.can(edits)
        is_draft = writes and paper.stage == PaperStage.DRAFT
        takes_scan = (
            writes
            and paper.stage == PaperStage.AWAITING_SIGNATURE
            and paper.signing_mode == SigningMode.INK
        )
        if is_draft:
            number_form = number_form or LetterNumberForm(
                initial={
                    "letter_number": paper.letter_number,
                    "letter_date": paper.letter_date or timezone.localdate(),
                    "signer": str(paper.signer.uuid) if paper.signer else "",
                    "version": paper.version,
                },
                signers=self.kind.signers(paper, now=timezone.now()),
                auto_id="number_%s",
            )
        if takes_scan:
            scan_form = scan_form or LetterScanForm(
                initial={"version": paper.version}, auto_id="scan_%s"
            )
        return {
            "paper": paper,
            "cards": cards_of(self.kind, paper, request, sealing=_("Phát hành"), sent=sent),
            "is_own": is_own,
            "is_draft": is_draft,
            "number_form": number_form,
            "scan_form": scan_form,
        }
