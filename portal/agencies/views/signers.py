"""Who signs for a body: today and before; the administrator records and ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from portal.agencies import services
from portal.agencies.forms import EndSignerForm, SignerForm
from portal.agencies.models import Agency, AgencyVersion, Signer
from portal.core.roles import Capability
from portal.core.web.refusals import Refusals

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest


@require_http_methods(["GET", "HEAD", "POST"])
def signers(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Show who signs and who did, each with the block as it is printed; a POST adds one."""
    agency = get_object_or_404(Agency.objects.visible_to(request.user), uuid=uuid)
    may_edit = request.user.can(Capability.ADMINISTER)
    if request.method == "POST" and not may_edit:
        raise PermissionDenied("only an administrator records who signs")
    form = SignerForm(request.POST or None, agency=agency) if may_edit else None
    context: dict[str, Any] = {}
    if request.method == "POST" and form is not None and form.is_valid():
        with Refusals() as refused:
            made = services.add_signer(agency, form.facts(), actor=request.user, now=timezone.now())
            messages.success(request, _("Đã ghi người ký %(name)s.") % {"name": made.name})
            return redirect("agencies:signers", agency.uuid)
        context["violations"] = refused.violations
    today = timezone.localdate()
    version = AgencyVersion.objects.on(today).filter(agency=agency).first()
    lines = [
        {
            "signer": one,
            "block": one.lines(version) if version else [one.title],
            "is_in_force": one.holds_on(today),
            "is_to_come": one.valid_from > today,
            "is_void": one.valid_until == one.valid_from,
            "may_end": may_edit and (one.valid_until is None or one.valid_until > today),
        }
        for one in agency.signers.all()
    ]
    context |= {
        "agency": agency,
        "version": version,
        "form": form,
        "lines": lines,
        "may_edit": may_edit,
        "end_form": EndSignerForm(initial={"on": f"{today:%d/%m/%Y}"}, auto_id=False),
    }
    return render(request, "agencies/signers.html", context)


@require_POST
def end_signer(request: UserRequest, uuid: UUID) -> HttpResponse:
    """Write down the day from which somebody no longer signs."""
    found = Signer.objects.visible_to(request.user).select_related("agency")
    signer = get_object_or_404(found, uuid=uuid)
    if not request.user.can(Capability.ADMINISTER):
        raise PermissionDenied("only an administrator records who signs")
    form = EndSignerForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Ngày kết thúc phải ghi dạng dd/mm/yyyy."))
        return redirect("agencies:signers", signer.agency.uuid)
    with Refusals() as refused:
        services.end_signer(
            signer, on=form.cleaned_data["on"], actor=request.user, now=timezone.now()
        )
        messages.success(request, _("Đã ghi ngày kết thúc quyền ký."))
    refused.tell(request)
    return redirect("agencies:signers", signer.agency.uuid)
