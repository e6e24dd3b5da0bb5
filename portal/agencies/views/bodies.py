"""Bodies: list, page, suggestions; registering and changing for the administrator."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from portal.agencies import lookup, services
from portal.agencies.filters import AgencyFilter
from portal.agencies.forms import ChangeForm, NamesForm, RegisterForm, initial_of
from portal.agencies.models import Agency, AgencyVersion, Subscriber
from portal.core.roles import Capability
from portal.core.text.names import CERTIFICATE_NAME_LENGTH
from portal.core.text.numbers import with_dots
from portal.core.web.forms import warnings_of
from portal.core.web.fragments import filtered, render_list
from portal.core.web.refusals import Refusals

if TYPE_CHECKING:
    from portal.accounts.models import User, UserRequest

ROWS = 25
CHILDREN_SHOWN = 12


@require_safe
def agency_list(request: UserRequest) -> HttpResponse:
    agencies = Agency.objects.visible_to(request.user)
    asked = request.GET.copy()
    asked.setdefault("existing", "yes")
    found = AgencyFilter(asked, user=request.user, today=timezone.localdate(), queryset=agencies)
    shown = filtered(found).select_related("parent", "office")
    context = {
        "filter": found,
        "parent": found.form.cleaned_data.get("parent") if found.form.is_valid() else None,
        "page": Paginator(shown, ROWS).get_page(request.GET.get("page")),
        "may_edit": _may_edit(request.user),
        "names_to_check": 0,
    }
    if context["may_edit"]:  # how many bodies of today have names nobody looked through
        every = Agency.objects.visible_to(request.user).order_by()
        versions = AgencyVersion.objects.on(timezone.localdate()).filter(agency__in=every)
        unchecked = versions.filter(names_checked_at__isnull=True).order_by()
        context["names_to_check"] = unchecked.count()
    return render_list(
        request, "agencies/list.html", fragment="agencies/_table.html", context=context
    )


@require_safe
def suggest(request: UserRequest) -> HttpResponse:
    """Answer with options for a field that names a body."""
    agencies = Agency.objects.visible_to(request.user).existing(timezone.localdate())
    typed = next((request.GET[name] for name in ("parent", "agency") if name in request.GET), "")
    labels = lookup.suggestions(agencies, typed)
    return render(request, "agencies/_options.html", {"labels": labels})


@require_safe
def detail(request: UserRequest, uuid: UUID) -> HttpResponse:
    visible = Agency.objects.visible_to(request.user)
    agency = get_object_or_404(visible.select_related("parent", "office"), uuid=uuid)
    versions = agency.versions.select_related("parent", "office").order_by("valid_from")
    story = chapters(versions)
    before = list(agency.predecessions.select_related("predecessor").order_by("effective_on"))
    after = list(agency.successions.select_related("successor").order_by("effective_on"))
    around = {one.predecessor_id for one in before} | {one.successor_id for one in after}
    around |= {pk for pk in (agency.parent_id, agency.office_id) if pk is not None}
    children = visible.filter(parent=agency)
    subscribers = Subscriber.objects.visible_to(request.user).filter(agency=agency).order_by()
    context = {
        "agency": agency,
        "today": timezone.localdate(),
        "story": story,
        "version": story[0].version if story else None,
        "may_edit": _may_edit(request.user) and agency.dissolved_on is None,
        "signers": list(agency.signers.on(timezone.localdate())),
        "predecessions": before,
        "successions": after,
        "children": children[:CHILDREN_SHOWN],
        "child_count": children.count(),
        # The bodies around it that the user may open.
        "linked": set(visible.filter(pk__in=around).order_by().values_list("pk", flat=True)),
        "subscriber_counts": subscribers.aggregate(
            people=Count("pk", filter=Q(kind="person")),
            systems=Count("pk", filter=Q(kind="system")),
        ),
        "sees_subscribers": request.user.can(Capability.READ_DOSSIERS),
        "user_count": agency.users.filter(is_active=True).count(),
    }
    return render(request, "agencies/detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def register(request: UserRequest) -> HttpResponse:
    _require_editor(request.user)
    form = RegisterForm(request.POST or None, initial={"has_seal": True})
    context: dict[str, Any] = {"form": form}
    if request.method == "POST" and form.is_valid():
        with Refusals() as refused:
            agency = services.register_agency(
                form.facts(),
                kind=form.cleaned_data["kind"],
                valid_from=form.cleaned_data["valid_from"],
                actor=request.user,
                now=timezone.now(),
            )
            messages.success(request, _("Đã thêm %(name)s.") % {"name": agency.name})
            _tell_warnings(request, form)
            return redirect("agencies:detail", agency.uuid)
        context["violations"] = refused.violations
    return render(request, "agencies/register.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def change(request: UserRequest, uuid: UUID) -> HttpResponse:
    agency = get_object_or_404(Agency.objects.visible_to(request.user), uuid=uuid)
    _require_editor(request.user)
    last = agency.versions.select_related("parent").order_by("-valid_from").first()
    form = ChangeForm(request.POST or None, initial=initial_of(last) if last else {})
    context: dict[str, Any] = {"form": form, "agency": agency}
    if request.method == "POST" and form.is_valid():
        with Refusals() as refused:
            services.change_version(
                agency,
                form.facts(),
                valid_from=form.cleaned_data["valid_from"],
                seen=form.cleaned_data["seen"],
                actor=request.user,
                now=timezone.now(),
            )
            messages.success(request, _("Đã ghi thông tin mới; thông tin cũ được giữ nguyên."))
            _tell_warnings(request, form)
            return redirect("agencies:detail", agency.uuid)
        context["violations"] = refused.violations
    return render(request, "agencies/change.html", context)


class _OneBodyForm(forms.Form):
    body = forms.UUIDField(required=False)


@require_http_methods(["GET", "HEAD", "POST"])
def names(request: UserRequest) -> HttpResponse:
    """Show how bodies' names are proposed to be written, a page of those nobody looked through; a
    POST keeps the ones ticked. ``?body=`` shows one, looked through or not."""
    _require_editor(request.user)
    versions = AgencyVersion.objects.on(timezone.localdate()).select_related("agency__parent")
    versions = versions.filter(agency__in=Agency.objects.visible_to(request.user).order_by())
    asked = _OneBodyForm(request.GET)
    body = asked.cleaned_data["body"] if asked.is_valid() else None
    if body is not None:
        versions = versions.filter(agency__uuid=body)
    else:
        versions = versions.filter(names_checked_at__isnull=True)
    page = Paginator(versions.order_by("agency__sort_name", "pk"), ROWS).get_page(
        request.GET.get("page")
    )
    ticked = set(request.POST.getlist("version"))
    shown = [
        NamesForm(request.POST if str(one.pk) in ticked else None, version=one) for one in page
    ]
    done = 0
    for form in shown:
        if form.is_bound and form.is_valid():
            with Refusals() as refused:
                services.settle_names(
                    form.version, form.forms(), actor=request.user, now=timezone.now()
                )
                done += 1
            form.violations = refused.violations
    if done:
        messages.success(
            request, _("Đã ghi cách viết tên của %(count)s đơn vị.") % {"count": with_dots(done)}
        )
    if done == len(ticked) and ticked:
        return redirect(request.get_full_path())
    context = {
        "page": page,
        "forms": shown,
        "most": CERTIFICATE_NAME_LENGTH,
        "is_one": body is not None,
    }
    return render(request, "agencies/names.html", context)


def _may_edit(user: User) -> bool:
    return user.can(Capability.ADMINISTER)


def _require_editor(user: User) -> None:
    if not _may_edit(user):
        raise PermissionDenied("only an administrator changes bodies")


def _tell_warnings(request: UserRequest, form: RegisterForm | ChangeForm) -> None:
    for warning in warnings_of(form):
        messages.warning(request, warning.message)


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that a version says otherwise than the one before."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """A version and what it changed."""

    version: AgencyVersion
    changes: list[Change]


def chapters(versions: Iterable[AgencyVersion]) -> list[Chapter]:
    """Return the story, newest first; ``versions`` come oldest first."""
    labels = {column.name: column.verbose_name for column in AgencyVersion._meta.fields}
    story = []
    before: AgencyVersion | None = None
    for version in versions:
        names = before.facts().differences(version.facts()) if before else []
        changes = [
            Change(str(labels[name]), _shown(getattr(before, name)), _shown(getattr(version, name)))
            for name in names
            if name != "decision"
        ]
        story.append(Chapter(version, changes))
        before = version
    return story[::-1]


def _shown(value: str | bool | Agency | None) -> str:
    if isinstance(value, bool):
        return _("có") if value else _("không")
    return str(value or "")
