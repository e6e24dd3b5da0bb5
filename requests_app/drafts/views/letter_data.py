"""The letter's own data: number and date from the document system, section 1, extra text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import Case, When
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from portal.agencies.models import Signer
from portal.core.roles import Capability
from portal.core.rules import Finding, Severity
from portal.core.text import identifiers
from portal.core.text.vietnamese import nfc
from portal.core.web.forms import DayInput, OfferInput
from requests_app import kinds
from requests_app.acts import note_reading
from requests_app.drafts import profile
from requests_app.drafts.services import save_letter
from requests_app.errors import StaleVersion
from requests_app.kinds.base import Answers, Kind, Widget, kept
from requests_app.models import Dossier
from requests_app.pages import components
from requests_app.pages import views as taking
from requests_app.pages.corrections import correction_of
from requests_app.rules import dossiers as rules
from requests_app.submission.signers import choices_of, paper_of, signers_of_body

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest

_CONTACT = "contact_"
_LOOKED_THROUGH = 10  # dossiers, for one whose section 1 is filled in
# What every form's section 1 says of the clerk's own colleague, under the same names.
_OF_A_PERSON = frozenset(
    ("full_name", "identity_number", "issued_on", "issue_place", "position", "phone", "email")
)
_INPUT_MODES = {Widget.TEL: "tel", Widget.EMAIL: "email"}
_MOST_TYPED = 500  # characters of one field kept as typed

_OF_MINUTES = gettext_lazy(
    "Lấy từ hệ thống quản lý văn bản của đơn vị, ví dụ 05/BB-UBND. Chưa có thì để trống, "
    "văn bản in “Số:      /…”."
)


class LetterForm(forms.Form):
    """What the letter says beside its list. Everything may stay blank in a draft."""

    letter_number = forms.CharField(
        label=gettext_lazy("Số, ký hiệu văn bản"),
        help_text=gettext_lazy(
            "Lấy từ hệ thống quản lý văn bản của đơn vị, ví dụ 12/UBND-VX. Chưa có thì để trống, "
            "văn bản in “Số:      /…”."
        ),
        required=False,
        max_length=40,
        widget=OfferInput,
    )
    letter_date = forms.CharField(
        label=gettext_lazy("Ngày văn bản"),
        help_text=gettext_lazy("dd/mm/yyyy; không sau hôm nay"),
        required=False,
        max_length=_MOST_TYPED,
        widget=DayInput,
    )
    signer = forms.ChoiceField(
        label=gettext_lazy("Người ký"),
        required=False,
        help_text=gettext_lazy("Hình thức ký, chức vụ và họ tên in theo người này."),
    )
    filing = forms.CharField(
        label=gettext_lazy("Đơn vị soạn thảo, số bản lưu (nếu cần)"),
        help_text=gettext_lazy(
            "In sau “Lưu: VT,”, ví dụ VHXH (02). Để trống thì lấy từ ký hiệu của công văn."
        ),
        required=False,
        max_length=40,
    )
    note = forms.CharField(
        label=gettext_lazy("Nội dung thêm vào văn bản (nếu cần)"),
        help_text=gettext_lazy("In sau đoạn mở đầu; mỗi dòng là một đoạn."),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        kind: Kind,
        today: date,
        numbers: bool = True,
        signers: Sequence[Signer] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._signers = {str(one.uuid): one for one in signers}
        field = self.fields["signer"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices_of(signers)
        self._numbers = numbers
        self._kind = kind
        self._today = today
        if kind.kind_of_document:
            self.fields["letter_number"].help_text = _OF_MINUTES
        for one in kind.contact_fields:
            attrs = {"autocomplete": one.autocomplete, "spellcheck": "false"}
            if list_id := profile.list_of(one.name):
                attrs["list"] = list_id
            if one.widget in _INPUT_MODES:
                attrs["inputmode"] = _INPUT_MODES[one.widget]
            self.fields[_CONTACT + one.name] = forms.CharField(
                label=one.label,
                help_text=one.hint,
                required=False,
                max_length=_MOST_TYPED,
                widget=(DayInput if one.widget is Widget.DATE else OfferInput)(attrs=attrs),
            )

    @property
    def letter_fields(self) -> list[forms.BoundField]:
        """The fields of the head of the letter."""
        numbering = [self["letter_number"], self["letter_date"]] if self._numbers else []
        if len(self._signers) > 1 and self._numbers:
            numbering.append(self["signer"])
        if self._numbers:
            numbering.append(self["filing"])
        return [*numbering, self["note"]]

    @property
    def chosen_signer(self) -> Signer | None:
        """Who was chosen to sign; None leaves it to the head."""
        return self._signers.get(self.cleaned_data.get("signer", ""))

    @property
    def contact_fields(self) -> list[forms.BoundField]:
        """The fields of section 1, in the official order."""
        return [self[_CONTACT + one.name] for one in self._kind.contact_fields]

    def contact(self) -> dict[str, str]:
        """Return section 1 as it is kept: as typed, days in full."""
        fields = self._kind.contact_fields
        typed = self.cleaned_data
        return kept(fields, {one.name: typed.get(_CONTACT + one.name, "") for one in fields})

    def day(self) -> date | None:
        """Return the letter's day, None while it is blank or no day."""
        return identifiers.parse_day(self.cleaned_data.get("letter_date", ""))

    def look(self, *, is_first_look: bool = False) -> None:
        """Put what the checks find beside the fields; blank ones only when all has been asked."""
        typed = self.cleaned_data
        if number := typed.get("letter_number", ""):
            self._tell("letter_number", rules.has_letter_number(nfc(number)))
            for finding in rules.looks_of_number(nfc(number), self._kind.kind_of_document):
                self._find("letter_number", finding)
        if day := typed.get("letter_date", ""):
            for finding in identifiers.check_day(identifiers.in_full(day)):
                self._find("letter_date", finding)
            self._tell("letter_date", rules.has_letter_date(self.day() or self._today, self._today))
        for cell in self._kind.contact_cells(self.contact(), self._today):
            is_blank = cell.finding.code == "missing"
            if cell.finding.severity is Severity.ERROR and not (is_blank and is_first_look):
                self._find(_CONTACT + cell.field, cell.finding)

    def _find(self, name: str, finding: Finding) -> None:
        self.add_error(name, finding.message)
        if finding.suggestion:
            setattr(self[name], "offer", finding.suggestion)  # noqa: B010 (field.html shows it)

    def _tell(self, name: str, violation: Any) -> None:
        if violation is not None:
            self.add_error(name, f"{violation.message} {violation.way_out}".strip())


@require_http_methods(["GET", "HEAD", "POST"])
@taking.shows_conflict
def letter_data(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Show and keep the letter's data; what is not right yet is kept and told."""
    dossier = components.find(request.user, uuid)
    if not components.is_editor(dossier, request.user):
        if request.method == "POST":
            return taking.conflict(request, dossier.uuid)
        return redirect("requests_app:detail", dossier.uuid)
    kind = kinds.get(dossier.kind)
    today = timezone.localdate()
    if request.method == "POST":
        numbers = request.user.can(Capability.DRAFT)
        signers = signers_of_body(dossier.agency_id, paper_of(kind.number), on=today)
        form = LetterForm(request.POST, kind=kind, today=today, numbers=numbers, signers=signers)
        if form.is_valid() and (response := _save(request, dossier, form)):
            return response
    else:
        note_reading(dossier, actor=request.user, now=timezone.now())
        form = _form_of(request, dossier, kind, today=today)
    subject = f"{kind.kind_of_document or 'V/v'} {kind.subject_of(dossier.variant)}"
    choices = profile.choices_for(dossier, today=today)
    context = {
        "dossier": dossier,
        "kind": kind,
        "form": form,
        "subject": subject,
        "choices": choices,
        "correction": correction_of(dossier, is_own=True),
    }
    return render(request, "requests_app/editor/letter.html", context)


def _form_of(request: UserRequest, dossier: Dossier, kind: Kind, *, today: date) -> LetterForm:
    """Return the form with what is kept; untouched it proposes the clerk's last section 1, else
    what another form's says of the same person, the sender's name and address."""
    version = dossier.agency_version
    signers = signers_of_body(dossier.agency_id, paper_of(kind.number), on=today)
    own = {"address": version.address, "workplace": version.name}
    contact = dict(dossier.contact) or {**own, **_last_contact(request, dossier)}
    values = {
        "letter_number": dossier.letter_number,
        "letter_date": f"{dossier.letter_date:%d/%m/%Y}" if dossier.letter_date else "",
        "note": dossier.note,
        "filing": dossier.filing,
        "version": dossier.version,
        "signer": str(dossier.signer.uuid) if dossier.signer and dossier.signer in signers else "",
        **{_CONTACT + name: value for name, value in contact.items()},
    }
    numbers = request.user.can(Capability.DRAFT)
    if not dossier.contact:
        return LetterForm(initial=values, kind=kind, today=today, numbers=numbers, signers=signers)
    form = LetterForm(values, kind=kind, today=today, numbers=numbers, signers=signers)
    form.is_valid()
    form.look()
    return form


def _last_contact(request: UserRequest, dossier: Dossier) -> Answers:
    """Return section 1 of the clerk's last dossier that has one, of this form if there is any: most
    often it is the same."""
    last = (
        Dossier.objects.visible_to(request.user)
        .filter(created_by=request.user, agency=dossier.agency)
        .exclude(pk=dossier.pk)
        .order_by(Case(When(kind=dossier.kind, then=0), default=1), "-created_at")
        .only("kind", "contact")[:_LOOKED_THROUGH]
    )
    found = next((one for one in last if any(one.contact.values())), None)
    if found is None or found.kind == dossier.kind:
        return dict(found.contact) if found else {}
    return {name: value for name, value in found.contact.items() if name in _OF_A_PERSON}


def _save(request: UserRequest, dossier: Dossier, form: LetterForm) -> HttpResponse | None:
    """Keep everything as typed and go where the button says; None shows the form again."""
    day = form.day()
    is_no_day = bool(form.cleaned_data["letter_date"]) and day is None
    try:
        save_letter(
            dossier,
            letter_number=form.cleaned_data["letter_number"],
            letter_date=dossier.letter_date if is_no_day else day,
            contact=form.contact(),
            note=form.cleaned_data["note"],
            filing=form.cleaned_data["filing"],
            signer=form.chosen_signer,
            actor=request.user,
            now=timezone.now(),
            version=form.cleaned_data["version"],
        )
    except StaleVersion as stale:
        _show_both(form, components.find(request.user, dossier.uuid), stale.current)
        return None
    if is_no_day:  # the one thing that can't be kept as typed
        # Let the form be sent again: it carries the version its own saving made.
        dossier.refresh_from_db(fields=["version"])
        _carry(form, dossier.version)
        form.look()
        return None
    messages.success(request, _("Đã lưu thông tin văn bản."))
    places = {"rows": "requests_app:editor", "check": "requests_app:check"}
    place = places.get(request.POST.get("do", ""), "requests_app:letter_data")
    return redirect(place, dossier.uuid)


def _carry(form: LetterForm, version: int) -> None:
    data = cast("QueryDict", form.data).copy()
    data["version"] = str(version)
    for name, field in form.fields.items():
        if isinstance(field.widget, DayInput):
            data[name] = identifiers.in_full(form[name].data or "")
    form.data = data


def _show_both(form: LetterForm, dossier: Dossier, version: int) -> None:
    """Somebody saved in between: keep what was typed, say what is kept, save on the next press."""
    _carry(form, version)
    form.add_error(
        None,
        _(
            "Hồ sơ vừa được sửa ở một cửa sổ khác nên chưa lưu. Nội dung anh/chị nhập vẫn còn "
            "dưới đây; chỗ khác với bản đang lưu được ghi rõ. Bấm Lưu lần nữa để dùng nội dung này."
        ),
    )
    kept = {
        "letter_number": dossier.letter_number,
        "letter_date": f"{dossier.letter_date:%d/%m/%Y}" if dossier.letter_date else "",
        "note": dossier.note,
        "filing": dossier.filing,
        **{_CONTACT + name: value for name, value in dossier.contact.items()},
    }
    for name, typed in form.cleaned_data.copy().items():
        if name in kept and typed != kept[name]:
            form.add_error(name, _("Đang lưu: “%(value)s”") % {"value": kept[name] or "–"})
