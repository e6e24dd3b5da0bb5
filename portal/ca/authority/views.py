"""What verifiers fetch without signing in: CA certificates, the revocation list, OCSP."""

from __future__ import annotations

import base64
import binascii

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.http import http_date, quote_etag
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from portal.ca.authority import responder
from portal.ca.models import Authority, Crl

CRL_TYPE = "application/pkix-crl"
CERTIFICATE_TYPE = "application/pkix-cert"
OCSP_TYPE = "application/ocsp-response"


@login_not_required
@require_safe
def root(request: HttpRequest) -> HttpResponse:
    return _certificate(Authority.Role.ROOT)


@login_not_required
@require_safe
def issuing(request: HttpRequest) -> HttpResponse:
    return _certificate(Authority.Role.ISSUING)


@login_not_required
@require_safe
def crl(request: HttpRequest) -> HttpResponse:
    """The standing list; one who has it already is told so without its bytes."""
    standing = Crl.objects.defer("der").order_by("-number").first()
    if standing is None:
        raise Http404
    etag = quote_etag(f"crl-{standing.number}")
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
def ocsp(request: HttpRequest) -> HttpResponse:
    """OCSP over POST (RFC 6960, appendix A.1); one sent in pieces names no length."""
    is_in_pieces = (
        request.META.get("wsgi.input_terminated") and "CONTENT_LENGTH" not in request.META
    )
    stream = request.META["wsgi.input"] if is_in_pieces else request
    asked = stream.read(responder.MAX_REQUEST_BYTES + 1)
    return _answer(responder.answer(asked, now=timezone.now()))


@login_not_required
@require_safe
def ocsp_get(request: HttpRequest, encoded: str) -> HttpResponse:
    """OCSP over GET: the request in base64 in the path, which Django has unquoted."""
    if len(encoded) > 2 * responder.MAX_REQUEST_BYTES:
        return _answer(responder.MALFORMED)
    try:
        asked = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return _answer(responder.MALFORMED)
    return _answer(responder.answer(asked, now=timezone.now()))


def _answer(der: bytes) -> HttpResponse:
    response = HttpResponse(der, content_type=OCSP_TYPE)
    response["Cache-Control"] = "no-store"  # an answer kept would hide a revocation
    return response


def _certificate(role: str) -> HttpResponse:
    standing = Authority.objects.filter(role=role, is_current=True).first()
    if standing is None:
        raise Http404
    response = HttpResponse(bytes(standing.certificate), content_type=CERTIFICATE_TYPE)
    response["Content-Disposition"] = f'attachment; filename="{role}.crt"'
    return response
