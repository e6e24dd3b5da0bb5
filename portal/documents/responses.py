"""Handing a document to a browser; who may have it is the caller's decision."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.http import content_disposition_header

from portal.documents import services
from portal.documents.models import Document

PDF = "application/pdf"
# A document is never a page of the portal: it runs nothing, loads nothing, sends nothing.
_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"


def file_response(document: Document, *, as_attachment: bool) -> HttpResponse:
    """Return the document's bytes; only a PDF can be shown in place, all else is a download."""
    is_inline = not as_attachment and document.media_type == PDF
    response = HttpResponse(services.read(document), content_type=document.media_type)
    disposition = content_disposition_header(not is_inline, document.name)
    response["Content-Disposition"] = disposition or "attachment"
    response["Content-Security-Policy"] = _POLICY if is_inline else f"sandbox; {_POLICY}"
    response["X-Content-Type-Options"] = "nosniff"
    response["X-Frame-Options"] = "SAMEORIGIN"
    response["Cache-Control"] = "private, no-store"
    return response
