"""Describing a reorganisation: starting one, its decision, the bodies after it and their rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from orgmerge import pages
from orgmerge.description import rows, services
from orgmerge.description.forms import (
    BodyForm,
    ExtentForm,
    KindForm,
    MergerForm,
    RowForm,
    initial_of_agency,
    initial_of_body,
    initial_of_merger,
)
from orgmerge.models import Merger, MergerBody, MergerShare
from portal.agencies.models import Agency
from portal.core.roles import Capability, Scope
from portal.core.rules import Violation
from portal.core.web.forms import warnings_of
from portal.core.web.refusals import Refusals
from requests_app.errors import NotEditable, StaleVersion

if TYPE_CHECKING:
    from django import forms

    from portal.accounts.models import UserRequest

GET_POST = ["GET", "HEAD", "POST"]


@require_http_methods(GET_POST)
def start(request: UserRequest) -> HttpResponse:
    """Ask what the decision does, then for the decision itself."""
    if not request.user.can(Capability.PREPARE_REORGANISATIONS):
        raise Http404
    question = KindForm(request.GET if "kind" in request.GET else None)
    if request.method != "POST" and not question.is_valid():
        return render(request, "orgmerge/start.html", {"form": question})
    asked = {"kind": request.GET.get("kind", "")}
    form = MergerForm(request.POST or None, initial=asked)
    context: dict[str, Any] = {"form": form, "merger": None}
    if request.method == "POST" and form.is_valid():
        with Refusals() as refused:
            merger = services.create_merger(form.facts(), actor=request.user, now=timezone.now())
            messages.success(request, _("Đã lập phương án sắp xếp. Bây giờ mô tả các đơn vị."))
            return redirect("orgmerge:detail", merger.uuid)
        context["violations"] = refused.violations
    return render(request, "orgmerge/merger_form.html", context)


@require_http_methods(GET_POST)
def edit(request: UserRequest, code: UUID) -> HttpResponse:
    """Change what is told of the decision."""
    merger = pages.find(request.user, code)
    if not pages.is_editor(merger, request.user):
        return redirect("orgmerge:detail", merger.uuid)
    form = MergerForm(request.POST or None, initial=initial_of_merger(merger))

    def save() -> None:
        services.save_merger(
            merger,
            form.facts(),
            actor=request.user,
            now=timezone.now(),
            version=form.cleaned_data["version"] or 0,
        )

    return _answer(
        request,
        merger,
        form,
        save,
        template="orgmerge/merger_form.html",
        done=_("Đã lưu thông tin quyết định."),
    )


@require_http_methods(GET_POST)
def add_body(request: UserRequest, code: UUID) -> HttpResponse:
    """Describe one more body; ``?agency=`` names a registered one that lives on."""
    merger = pages.find(request.user, code)
    if not pages.is_editor(merger, request.user):
        return redirect("orgmerge:detail", merger.uuid)
    # The registered body that ``?agency=`` names, to begin the form with.
    typed = request.GET.get("agency", "")
    named = RowForm({"old": typed, "extent": "whole", "version": 1}, merger=merger)
    living: Agency | None = named.cleaned_data["old"] if typed and named.is_valid() else None
    initial = initial_of_agency(living, day=merger.effective_on) if living else {"has_seal": True}
    form = _body_form(request, merger, initial | {"version": merger.version})
    made: list[MergerBody] = []

    def add() -> None:
        made.append(
            services.add_body(
                merger,
                form.body_facts(),
                actor=request.user,
                now=timezone.now(),
                version=form.cleaned_data["version"],
            )
        )

    response = _answer(
        request,
        merger,
        form,
        add,
        template="orgmerge/body_form.html",
        done=_("Đã thêm đơn vị. Ghi tiếp các đơn vị cũ chuyển vào."),
        body=None,
        here=_("Thêm đơn vị sau sắp xếp"),
        back=reverse("orgmerge:detail", args=[merger.uuid]),
        typed=typed,
        not_found=bool(typed) and living is None,
    )
    return redirect("orgmerge:add_row", merger.uuid, made[0].uuid) if made else response


@require_safe
def body(request: UserRequest, code: UUID, body_code: UUID) -> HttpResponse:
    """Show one body as it is from the effective day on, and who passes to it."""
    merger = pages.find(request.user, code)
    found = _find_body(merger, body_code)
    shares = found.shares.select_related(*rows.JOINED).order_by("position")
    context = {
        "merger": merger,
        "body": found,
        "rows": rows.shown_rows(merger, list(shares)),
        "is_editor": pages.is_editor(merger, request.user),
        "is_implied": any(share.is_implied for share in shares),
        "sees_all": request.user.scope is Scope.OFFICE,
    }
    return render(request, "orgmerge/body.html", context)


@require_http_methods(GET_POST)
def edit_body(request: UserRequest, code: UUID, body_code: UUID) -> HttpResponse:
    """Change a described body."""
    merger = pages.find(request.user, code)
    found = _find_body(merger, body_code)
    if not pages.is_editor(merger, request.user):
        return redirect("orgmerge:body", merger.uuid, found.uuid)
    form = _body_form(request, merger, initial_of_body(found) | {"version": merger.version})

    def save() -> None:
        services.save_body(
            merger,
            found.uuid,
            form.body_facts(),
            actor=request.user,
            now=timezone.now(),
            version=form.cleaned_data["version"],
        )

    return _answer(
        request,
        merger,
        form,
        save,
        template="orgmerge/body_form.html",
        done=_("Đã lưu đơn vị."),
        to=("orgmerge:body", merger.uuid, found.uuid),
        body=found,
        here=found.name,
        back=reverse("orgmerge:body", args=[merger.uuid, found.uuid]),
    )


@require_POST
def remove_body(request: UserRequest, code: UUID, body_code: UUID) -> HttpResponse:
    """Take a body out, with the rows into it."""
    merger = pages.find(request.user, code)
    found = _find_body(merger, body_code)
    return _remove(
        request,
        merger,
        lambda: services.remove_body(
            merger,
            found.uuid,
            actor=request.user,
            now=timezone.now(),
            version=pages.version_of(request),
        ),
        _("Đã bỏ %(name)s và các dòng chuyển vào.") % {"name": found.name},
    )


@require_http_methods(GET_POST)
def add_row(request: UserRequest, code: UUID, body_code: UUID | None = None) -> HttpResponse:
    """Say which registered body passes to this one; without one: it ends."""
    merger = pages.find(request.user, code)
    found = _find_body(merger, body_code) if body_code else None
    if not pages.is_editor(merger, request.user):
        return redirect("orgmerge:detail", merger.uuid)
    initial = {"version": merger.version, "extent": "whole"}
    form = RowForm(request.POST or None, initial=initial, merger=merger)

    def add() -> None:
        row = services.DescribedRow(form.cleaned_data["old"], found, form.cleaned_data["extent"])
        services.add_row(
            merger,
            row,
            actor=request.user,
            now=timezone.now(),
            version=form.cleaned_data["version"],
        )

    again = ("orgmerge:add_row", merger.uuid, found.uuid) if found else (
        "orgmerge:add_ended", merger.uuid)  # fmt: skip
    shares = merger.shares.filter(new=found).select_related(*rows.JOINED)
    return _answer(
        request,
        merger,
        form,
        add,
        template="orgmerge/row_form.html",
        done=_("Đã thêm dòng. Ghi tiếp đơn vị khác, hoặc về trang mô tả."),
        to=again,
        body=found,
        here=found.name if found else _("Thêm đơn vị giải thể"),
        rows=rows.shown_rows(merger, list(shares)),
    )


@require_http_methods(GET_POST)
def edit_row(request: UserRequest, code: UUID, number: int) -> HttpResponse:
    """Change how much of a body is transferred, or take the row out."""
    merger = pages.find(request.user, code)
    share = merger.shares.select_related("old", "new").filter(position=number).first()
    if share is None:
        raise Http404
    if not pages.is_editor(merger, request.user):
        return redirect("orgmerge:detail", merger.uuid)
    acting: dict[str, Any] = {"actor": request.user, "now": timezone.now()}
    if request.POST.get("do") == "remove":
        version = pages.version_of(request)
        return _remove(
            request,
            merger,
            lambda: services.remove_row(merger, number, **acting, version=version),
            _("Đã bỏ dòng %(number)d.") % {"number": number},
        )
    initial = {"extent": share.extent, "version": merger.version}
    form = ExtentForm(request.POST or None, initial=initial)
    return _answer(
        request,
        merger,
        form,
        lambda: services.save_row(merger, number, **form.cleaned_data, **acting),
        template="orgmerge/edit_row.html",
        done=_("Đã lưu dòng %(number)d.") % {"number": number},
        share=share,
    )


def _answer(
    request: UserRequest,
    merger: Merger,
    form: forms.Form,
    act: Callable[[], object],
    *,
    template: str,
    done: str,
    to: tuple[Any, ...] | None = None,
    **context: Any,
) -> HttpResponse:
    """Show the form, or do what it asks for and go on; what stops it is said on the page."""
    violations: tuple[Violation, ...] = ()
    if request.method == "POST" and form.is_valid():
        with Refusals() as refused:
            try:
                act()
            except (StaleVersion, NotEditable, MergerBody.DoesNotExist, MergerShare.DoesNotExist):
                return pages.conflict(request, merger)
            messages.success(request, done)
            for warning in warnings_of(form):
                messages.warning(request, warning.message)
            return redirect(*(to or ("orgmerge:detail", merger.uuid)))
        violations = refused.violations
    return render(
        request, template, {"merger": merger, "form": form, "violations": violations, **context}
    )


def _remove(
    request: UserRequest, merger: Merger, act: Callable[[], None], done: str
) -> HttpResponse:
    with Refusals() as refused:
        try:
            act()
        except PermissionDenied as error:
            raise Http404 from error
        except (StaleVersion, NotEditable, MergerBody.DoesNotExist, MergerShare.DoesNotExist):
            return pages.conflict(request, merger)
        messages.success(request, done)
    refused.tell(request)
    return redirect("orgmerge:detail", merger.uuid)


def _find_body(merger: Merger, code: UUID) -> MergerBody:
    found = merger.bodies.select_related("agency", "parent", "parent_body").filter(uuid=code)
    body = found.first()
    if body is None:
        raise Http404
    return body


def _body_form(request: UserRequest, merger: Merger, initial: dict[str, Any]) -> BodyForm:
    return BodyForm(request.POST or None, initial=initial, merger=merger)
