"""What verifiers fetch without signing in: certificates, lists, OCSP, stamps; the desk's page."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.http import http_date, quote_etag
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from portal.ca.authority import desk, responder, timestamps
from portal.ca.authority.publication import latest
from portal.ca.models import FIRST_ISSUING, Authority
from portal.core.roles import Capability

if TYPE_CHECKING:
    from portal.accounts.models import UserRequest

CRL_TYPE = "application/pkix-crl"
CERTIFICATE_TYPE = "application/pkix-cert"
OCSP_TYPE = "application/ocsp-response"
TIMESTAMP_TYPE = "application/timestamp-reply"


@login_not_required
@require_safe
def certificate(request: HttpRequest, ca: str, signed_by: str = "") -> HttpResponse:
    """A CA's certificate: its first, or the one by another root (a cross-certificate)."""
    rows = Authority.objects.filter(slug=ca)
    if signed_by:
        rows = rows.filter(role=Authority.Role.CROSS, signed_by=signed_by)
    else:
        rows = rows.authorities()
    standing = rows.order_by("pk").first()
    if standing is None:
        raise Http404
    response = HttpResponse(bytes(standing.certificate), content_type=CERTIFICATE_TYPE)
    name = f"{ca}-{signed_by}" if signed_by else ca
    response["Content-Disposition"] = f'attachment; filename="{name}.crt"'
    return response


@login_not_required
@require_safe
def crl(request: HttpRequest, ca: str = FIRST_ISSUING) -> HttpResponse:
    """The standing list; one who has it already is told so without its bytes."""
    standing = latest(ca)
    if standing is None:
        raise Http404
    etag = quote_etag(f"{ca}-{standing.number}")
    modified = int(standing.this_update.timestamp())
    unchanged = get_conditional_response(request, etag=etag, last_modified=modified)
    if unchanged is not None:
        return unchanged
    response = HttpResponse(bytes(standing.der), content_type=CRL_TYPE)
    response["ETag"] = etag
    response["Last-Modified"] = http_date(modified)
    response["Cache-Control"] = "no-cache"  # kept, but asked after: a revocation is a minute away
    response["Content-Disposition"] = 'attachment; filename="thu-hoi.crl"'
    return response


@csrf_exempt
@login_not_required
@require_POST
def ocsp(request: HttpRequest, ca: str = "") -> HttpResponse:
    """OCSP over POST (RFC 6960, appendix A.1); one sent in pieces names no length.

    The question itself names the CA: each address answers for all of them.
    """
    is_in_pieces = (
        request.META.get("wsgi.input_terminated") and "CONTENT_LENGTH" not in request.META
    )
    stream = request.META["wsgi.input"] if is_in_pieces else request
    asked = stream.read(responder.MAX_REQUEST_BYTES + 1)
    return _answer(responder.answer(asked, now=timezone.now()))


@login_not_required
@require_safe
def ocsp_get(request: HttpRequest, encoded: str, ca: str = "") -> HttpResponse:
    """OCSP over GET: the request in base64 in the path, which Django has unquoted."""
    if len(encoded) > 2 * responder.MAX_REQUEST_BYTES:
        return _answer(responder.MALFORMED)
    try:
        asked = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return _answer(responder.MALFORMED)
    return _answer(responder.answer(asked, now=timezone.now()))


@csrf_exempt
@login_not_required
@require_POST
def timestamp(request: HttpRequest) -> HttpResponse:
    """A time stamp (RFC 3161, 3.4) for whoever asks, as far as this process has the key."""
    asked = request.read(timestamps.MAX_REQUEST_BYTES + 1)
    return _answer(timestamps.answer(asked, now=timezone.now()), content_type=TIMESTAMP_TYPE)


def _answer(der: bytes, *, content_type: str = OCSP_TYPE) -> HttpResponse:
    response = HttpResponse(der, content_type=content_type)
    response["Cache-Control"] = "no-store"  # an answer kept would hide a revocation
    return response


@never_cache
@require_safe
def authorities(request: UserRequest) -> HttpResponse:
    """The CA's desk's page; nothing is done there: ceremonies have commands."""
    if not request.user.can(Capability.SEE_AUTHORITIES):
        raise PermissionDenied("only the CA and administrators look after the CAs")
    return render(request, "ca/authorities.html", desk.shown(timezone.now()))
