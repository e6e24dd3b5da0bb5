"""The archive: its list, a dossier's package, all packages of a body for a hand-over."""

from __future__ import annotations

import hashlib
import logging
import zipfile
from collections.abc import Iterable, Iterator
from typing import IO, TYPE_CHECKING, Any, cast
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.files.storage import default_storage
from django.db import transaction
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_POST, require_safe

from portal.agencies.models import Agency
from portal.audit import services as audit
from portal.core.roles import Capability
from portal.core.web.paging import Order, keyset_page
from requests_app.acts import dossier_act, note_reading
from requests_app.archive.package import FIRST_DAY
from requests_app.models import ArchivePackage

if TYPE_CHECKING:
    from portal.accounts.models import User, UserRequest
    from requests_app.models.archive import ArchivePackageQuerySet

logger = logging.getLogger(__name__)
_CHUNK = 64 * 1024


def _visible(user: User) -> ArchivePackageQuerySet:
    if not user.can(Capability.READ_DOSSIERS):
        raise PermissionDenied("who reads no dossiers reads no archive")
    return ArchivePackage.objects.visible_to(user)


def _agency(found: ArchivePackageQuerySet, value: str) -> Agency:
    """Return the body whose packages were asked for; one without any is none."""
    try:
        uuid = UUID(value)
    except ValueError as error:
        raise Http404 from error
    bodies = found.order_by().values("dossier__agency")
    return get_object_or_404(Agency, pk__in=bodies, uuid=uuid)


@require_safe
def index(request: UserRequest) -> HttpResponse:
    """Show the packages one may see, and until when each is to be kept; ``?don-vi``: one body's."""
    found = _visible(request.user)
    agency = _agency(found, request.GET["don-vi"]) if request.GET.get("don-vi") else None
    if agency is not None:
        found = found.filter(dossier__agency=agency)
    context = {
        "page": keyset_page(
            found.select_related("dossier__agency").defer("dossier__contact"),
            order=Order("made_at", is_descending=True),
            params=request.GET,
        ),
        "agency": agency,
        "years": settings.ARCHIVE_RETENTION_YEARS,
        "source": settings.ARCHIVE_RETENTION_SOURCE,
        "today": timezone.localdate(),
    }
    return render(request, "requests_app/archive/list.html", context)


@require_safe
def download(request: UserRequest, uuid: UUID) -> HttpResponse | StreamingHttpResponse:
    """Return a dossier's package; the reading is recorded, as of its papers."""
    seen = ArchivePackage.objects.visible_to(request.user)
    found = get_object_or_404(
        seen.select_related("dossier__agency", "dossier__office"), dossier__uuid=uuid
    )
    if not _is_whole(found, by=request.user):
        return render(request, "documents/damaged.html", status=409)
    note_reading(found.dossier, actor=request.user, now=timezone.now())
    return _attachment(_chunks(found), found.name)


@require_POST
def export(request: UserRequest) -> HttpResponse | StreamingHttpResponse:
    """Return every package of a body as one ZIP, as it is written; the export is recorded.

    Each is read whole before the first byte leaves: where one is damaged nothing does.
    """
    found = _visible(request.user)
    agency = _agency(found, request.POST.get("don-vi", ""))
    packages = list(
        found.filter(dossier__agency=agency)
        .select_related("dossier")
        .defer("dossier__contact")
        .order_by("made_at", "pk")
    )
    if not all(_is_whole(one, by=request.user) for one in packages):
        return render(request, "documents/damaged.html", status=409)
    act = audit.Act(
        action="dossier.export_packages",
        target_type="dossier",
        target_uuid=None,
        agency_uuid=agency.uuid,
        data={"dossiers": [str(one.dossier.uuid) for one in packages]},
    )
    with transaction.atomic():
        audit.record(act, actor=request.user, now=timezone.now())
    return _attachment(_zipped(packages), f"luu-tru-{str(agency.uuid)[:8]}.zip")


def _attachment(chunks: Iterator[bytes], name: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(chunks, content_type="application/zip")
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    response["Cache-Control"] = "private, no-store"
    return response


def _chunks(package: ArchivePackage) -> Iterator[bytes]:
    with default_storage.open(package.path) as file:
        yield from file.chunks(_CHUNK)


def _is_whole(package: ArchivePackage, *, by: User) -> bool:
    """Say whether the stored bytes are those that were made; record that they are not."""
    digest, why = hashlib.sha256(), "was changed"
    try:
        for chunk in _chunks(package):
            digest.update(chunk)
    except OSError as error:
        why = str(error)
    if digest.hexdigest() == package.sha256:
        return True
    logger.error("archive package %s: %s", package.uuid, why)
    act = dossier_act("dossier.package_damaged", package.dossier)
    with transaction.atomic():
        audit.record(act, actor=by, now=timezone.now())
    return False


class _Written:
    """What a ZIP writes to that goes out as it grows."""

    def __init__(self) -> None:
        self._kept = bytearray()

    def write(self, data: Any) -> int:
        self._kept += data
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def taken(self) -> bytes:
        taken, self._kept = bytes(self._kept), bytearray()
        return taken


def _zipped(packages: Iterable[ArchivePackage]) -> Iterator[bytes]:
    target = _Written()
    with zipfile.ZipFile(cast("IO[bytes]", target), "w") as archive:
        for package in packages:
            info = zipfile.ZipInfo(package.name, date_time=FIRST_DAY)
            info.file_size = package.size
            with archive.open(info, "w") as part:
                for chunk in _chunks(package):
                    part.write(chunk)
                    yield target.taken()
            yield target.taken()
    yield target.taken()
