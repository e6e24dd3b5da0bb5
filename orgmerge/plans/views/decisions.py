"""What the office decides in a plan: which certificate lives on, what is done with open lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from orgmerge import pages
from orgmerge.models import Merger, MergerBody, Plan, PlanLine
from orgmerge.plans import access, questions, services
from orgmerge.plans import choices as plan_choices
from orgmerge.plans.views.plan import find, must_see_drafts
from orgmerge.plans.wording import SLUGS, TO_SETTLE, is_to_settle
from portal.ca.models import Certificate
from portal.core.rules import Violation
from portal.core.text.vietnamese import search_key
from portal.core.web.refusals import Refusals
from requests_app.errors import NotEditable, StaleVersion

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from portal.accounts.models import UserRequest

GET_POST = ["GET", "HEAD", "POST"]
OFFERS_ON_PAGE = 10
MOST_LINES = 500  # settled at once
_MOST_BODIES = 200  # in a select
_MOST_DIGITS = 18  # of a primary key


class SettleForm(forms.Form):
    """One decision about some lines of one sort, which ask the same question.

    ``bodies`` are those to choose from; ``others`` says that more can be named beside them.
    """

    action = forms.ChoiceField(
        label=gettext_lazy("Quyết định"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Hãy chọn một cách xử lý.")},
    )
    body = forms.ModelChoiceField(
        label=gettext_lazy("Đơn vị tiếp nhận"),
        queryset=MergerBody.objects.none(),
        required=False,
        empty_label=gettext_lazy("Chưa chọn"),
    )
    other = forms.CharField(
        label=gettext_lazy("Đơn vị tiếp nhận khác trong phương án"),
        max_length=250,
        required=False,
        help_text=gettext_lazy("Ghi đủ tên đơn vị sau sắp xếp nếu không có ở ô trên."),
    )
    note = forms.CharField(
        label=gettext_lazy("Ghi chú"),
        max_length=250,
        required=False,
        help_text=gettext_lazy("Ví dụ: theo danh sách phân công cán bộ ngày 15/11/2026."),
    )
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)

    def __init__(
        self,
        data: Any = None,
        *,
        lines: Sequence[PlanLine],
        bodies: Sequence[MergerBody],
        others: Iterable[MergerBody] | None = None,
        initial: Any = None,
    ) -> None:
        super().__init__(data, initial=initial)
        self.about, self.others = lines[0].about, others
        self.question = questions.question_of(lines[0])
        answers = questions.answers(lines)
        self.fields["action"].choices = answers  # type: ignore[attr-defined]
        keys = [body.pk for body in bodies]
        self.fields["body"].queryset = MergerBody.objects.filter(pk__in=keys)  # type: ignore[attr-defined]
        if others is None:
            del self.fields["other"]
        if not any(questions.needs_body(self.about, one, self.question) for one, _said in answers):
            for name in ("body", "other"):
                self.fields.pop(name, None)

    def clean(self) -> dict[str, Any]:
        """Find the body that is named, and ask for one where the decision needs it."""
        found = super().clean() or self.cleaned_data
        if name := found.get("other"):
            found["body"] = self._named(name)
        action = found.get("action")
        if not action or not questions.needs_body(self.about, action, self.question):
            found["body"] = None
        elif found.get("body") is None and not self.errors:
            self.add_error("body", forms.ValidationError(_("Chọn đơn vị tiếp nhận."), "no_body"))
        if action and questions.needs_note(action, self.question) and not found.get("note"):
            self.add_error("note", forms.ValidationError(_("Ghi lý do giữ cả hai."), "no_note"))
        return found

    def _named(self, name: str) -> MergerBody | None:
        key = search_key(name)
        matching = [body for body in self.others or () if search_key(body.name) == key]
        if len(matching) == 1:
            return matching[0]
        message = _("Không có đúng một đơn vị sau sắp xếp mang tên này.")
        self.add_error("other", forms.ValidationError(message, "no_such_body"))
        return None


@require_http_methods(GET_POST)
def choices(request: UserRequest, code: UUID) -> HttpResponse:
    """Show which certificates could live on under each body; take what was chosen."""
    merger = find(request.user, code)
    must_see_drafts(request.user)
    shown = access.shown_plan(merger, request.user)
    if shown is None:
        return redirect("orgmerge:plan", merger.uuid)
    violations: Sequence[Violation] = ()
    if request.method == "POST":
        # Read the radio buttons; the button "as proposed" takes the first of each open one.
        proposed = {str(one["target"]): str(one["proposed"] or 0) for one in shown.choices}
        typed = {
            key: request.POST.get(f"choice-{key}", "")
            for key in request.POST.getlist("body")
            if key in proposed
        }
        if request.POST.get("do") == "proposed":
            typed = {key: proposed[key] for key in typed}
        keys = {key: int(value) for key, value in typed.items() if _is_key(value)}
        certificates = Certificate.objects.defer("der", "crl_entry").in_bulk(
            [key for key in keys.values() if key]
        )
        bodies = merger.bodies.in_bulk([int(key) for key in keys])
        chosen = {
            bodies[int(key)]: certificates.get(value)
            for key, value in keys.items()
            if int(key) in bodies and (value == 0 or value in certificates)
        }
        answered: HttpResponse | Sequence[Violation]
        if not chosen:
            message = _("Chưa chọn chứng thư nào.")
            way_out = _("Đánh dấu ít nhất ở một đơn vị rồi bấm Chọn.")
            answered = [Violation("nothing_chosen", message, way_out=way_out)]
        else:
            acting: dict[str, Any] = {"actor": request.user, "now": timezone.now()}
            acting["version"] = pages.version_of(request)
            done = ngettext(
                "Đã ghi lựa chọn cho %(count)d đơn vị. Kế hoạch đang được lập lại.",
                "Đã ghi lựa chọn cho %(count)d đơn vị. Kế hoạch đang được lập lại.",
                len(chosen),
            ) % {"count": len(chosen)}
            answered = _answer(
                request,
                merger,
                lambda: services.choose_many(merger, chosen, **acting),
                done=done,
                to=request.get_full_path() if request.GET.get("open") == "yes" else "",
            )
        if isinstance(answered, HttpResponse):
            return answered
        violations = answered
    only_open = request.GET.get("open") == "yes"
    stored = plan_choices.open_first(shown, only_open=only_open)
    if only_open and not stored:
        return redirect("orgmerge:plan", merger.uuid)
    page = Paginator(stored, OFFERS_ON_PAGE).get_page(request.GET.get("page"))
    today = timezone.localdate()
    context = {
        "merger": merger,
        "plan": shown,
        "page": page,
        "offers": plan_choices.offers(merger, shown, page.object_list, today=today),
        "violations": violations,
        "is_editor": pages.is_editor(merger, request.user),
        "only_open": only_open,
        "typed": request.POST,
    }
    return render(request, "orgmerge/plan_choices.html", context)


def _is_key(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS


@require_http_methods(GET_POST)
def settle(request: UserRequest, code: UUID) -> HttpResponse:
    """Ask what is done with some lines of one sort, and take the answer."""
    merger = find(request.user, code)
    must_see_drafts(request.user)
    if not pages.is_editor(merger, request.user):
        return redirect("orgmerge:plan", merger.uuid)
    shown = access.shown_plan(merger, request.user)
    lines = _lines_asked(request, merger, shown) if shown is not None else []
    if not lines:
        messages.warning(
            request, _("Hãy chọn các dòng chờ quyết định; kế hoạch có thể vừa được lập lại.")
        )
        return redirect("orgmerge:plan", merger.uuid)
    if len({(line.about, questions.question_of(line)) for line in lines}) > 1:
        messages.warning(
            request, _("Chỉ quyết định chung được các dòng cùng loại đối tượng, cùng một câu hỏi.")
        )
        return redirect("orgmerge:plan", merger.uuid)
    # Offer the bodies that receive a part of the old ones first; all where they are few.
    bodies = merger.bodies.order_by("position", "pk")
    others = None
    if merger.bodies.count() > _MOST_BODIES:
        others = bodies
        olds = {line.agency_id for line in lines}
        bodies = bodies.filter(Q(shares__old__in=olds)).distinct()
    senders = {line.sender_id for line in lines}
    form = SettleForm(
        request.POST if request.method == "POST" else None,
        lines=lines,
        bodies=list(bodies[:_MOST_BODIES]),
        others=others,
        initial={"version": merger.version, "body": senders.pop() if len(senders) == 1 else None},
    )
    context: dict[str, Any] = {"merger": merger, "lines": lines, "form": form}
    if request.method == "POST" and form.is_valid():
        answered = _settle(request, merger, lines, form)
        if isinstance(answered, HttpResponse):
            return answered
        context["violations"] = answered
    return render(request, "orgmerge/settle.html", context)


def _lines_asked(request: UserRequest, merger: Merger, shown: Plan) -> list[PlanLine]:
    """Return the lines that were marked, or all of one sort (of one body), which wait for a person;
    those that were marked and settled before, too."""
    lines = shown.lines.select_related("agency", "successor").order_by("stage", "pk")
    body, about = request.GET.get("body", ""), SLUGS.get(request.GET.get("about", ""))
    if request.method != "POST" and about:
        theirs = lines.filter(TO_SETTLE, about=about, reason=request.GET.get("reason", ""))
        try:
            return list(theirs.filter(**{"agency__uuid": UUID(body)} if body else {})[:MOST_LINES])
        except ValueError:
            return []
    named = (request.POST if request.method == "POST" else request.GET).getlist("line")
    keys = [int(key) for key in named if _is_key(key)][:MOST_LINES]
    marked = list(lines.filter(pk__in=keys)) if keys else []
    before = set(
        merger.settlements.filter(target_id__in=[line.target_id for line in marked]).values_list(
            "about", "target_id"
        )
    )
    return [line for line in marked if is_to_settle(line) or (line.about, line.target_id) in before]


def _settle(
    request: UserRequest, merger: Merger, lines: Sequence[PlanLine], form: SettleForm
) -> HttpResponse | Sequence[Violation]:
    typed = form.cleaned_data

    def settle_them() -> None:
        services.settle_many(
            merger,
            lines[0].about,
            [line.target_id for line in lines],
            typed["action"],
            body=typed.get("body"),
            note=typed["note"],
            actor=request.user,
            now=timezone.now(),
            version=typed["version"],
        )

    done = ngettext(
        "Đã quyết định %(count)d dòng. Kế hoạch đang được lập lại.",
        "Đã quyết định %(count)d dòng. Kế hoạch đang được lập lại.",
        len(lines),
    ) % {"count": len(lines)}
    return _answer(request, merger, settle_them, done=done)


def _answer(
    request: UserRequest, merger: Merger, act: Callable[[], object], *, done: str, to: str = ""
) -> HttpResponse | Sequence[Violation]:
    """Act and lead back to the plan, or ``to`` a page; return what stands against it where it is
    refused."""
    with Refusals() as refused:
        try:
            act()
        except (Merger.DoesNotExist, MergerBody.DoesNotExist, PermissionDenied) as error:
            raise Http404 from error
        except (StaleVersion, NotEditable, PlanLine.DoesNotExist):
            return pages.conflict(request, merger)
        messages.success(request, done)
        return redirect(to) if to else redirect("orgmerge:plan", merger.uuid)
    return refused.violations
