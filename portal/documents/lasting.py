"""What makes signatures last: time stamps and what proves certificates (PAdES B-LT, B-LTA).

A time stamp comes from TIMESTAMP_URL, or else from the portal's own authority where this process
has its key. What proves a certificate (its chain, and an answer of its CA's OCSP responder or list)
goes into the file's DSS; a time stamp over the file (DocTimeStamp) proves all of it in turn.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from io import BytesIO
from typing import NamedTuple
from urllib.request import Request, urlopen

from asgiref.sync import async_to_sync
from asn1crypto import crl, ocsp, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp as ocsp_messages
from cryptography.x509.oid import AuthorityInformationAccessOID
from django.conf import settings
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.general import extract_certificate_info
from pyhanko.sign.signers.pdf_signer import PdfTimeStamper
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.timestamps.common_utils import TimestampRequestError
from pyhanko.sign.timestamps.requests_client import RequestsHTTPTimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.generic_cms import extract_tst_data_iter

from portal.ca.authority import publication, responder, timestamps
from portal.ca.authority.anchors import Anchor, anchors, chain_of
from portal.ca.authority.faults import KeyFault
from portal.ca.models import Authority
from portal.ca.pki import serials

logger = logging.getLogger(__name__)

HASH = "sha256"
# How long before what proves a file ends the next time stamp is put (our own design).
AHEAD = timedelta(days=180)
_MOST_SECONDS = 5  # another's service is waited for
_MOST_ANSWER_BYTES = 64 * 1024


class Stamping(NamedTuple):
    """A time-stamp authority that answers, and the certificates that its stamps carry."""

    timestamper: TimeStamper
    certificates: list[asn1_x509.Certificate]

    @property
    def ends_at(self) -> datetime:
        """Return when the first of them ends; a root is believed as long as it is believed."""
        ends: list[datetime] = [
            one.not_valid_after for one in self.certificates if not one.self_issued
        ]
        return min(ends)


class Evidence(NamedTuple):
    """Certificates with the CAs above them, and what their CAs say of them now."""

    certificates: list[asn1_x509.Certificate]
    answers: list[ocsp.OCSPResponse]
    lists: list[crl.CertificateList]
    is_whole: bool


class Lasting(NamedTuple):
    """A signed file, when it was last stamped, and until when that proves it by itself."""

    pdf: bytes
    stamped_at: datetime | None
    stamped_until: datetime | None
    is_whole: bool

    def due_at(self, now: datetime) -> datetime:
        """Return when it needs the next time stamp: at once where something is missing."""
        if self.stamped_until is None or not self.is_whole:
            return now
        return max(self.stamped_until - AHEAD, now)


class _InThisProcess(TimeStamper):
    """The portal's own authority, at the moment it is told."""

    def __init__(self, by: timestamps.Stamper, now: datetime) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._by, self._now = by, now

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        answered = timestamps.answer(req.dump(), by=self._by, now=self._now)
        return tsp.TimeStampResp.load(answered)


def stamping(now: datetime) -> Stamping | None:
    """Return the authority that stamps at ``now``; None where none does or it does not answer."""
    found: TimeStamper | None = None
    if settings.TIMESTAMP_URL:
        found = RequestsHTTPTimeStamper(  # type: ignore[no-untyped-call]
            settings.TIMESTAMP_URL, timeout=_MOST_SECONDS
        )
    else:
        try:
            if by := timestamps.stamper(now):
                found = _InThisProcess(by, now)
        except KeyFault:
            logger.exception("nothing can be time-stamped")
    if found is None:
        return None
    try:
        token = async_to_sync(found.async_dummy_response)(HASH)
    except TimestampRequestError:
        logger.exception("the time-stamp authority does not answer")
        return None
    return Stamping(found, [one.chosen for one in token["content"]["certificates"]])


def evidence_of(
    leaves: Iterable[asn1_x509.Certificate], *, now: datetime, asks_others: bool = False
) -> Evidence:
    """Return what proves certificates that have not ended; it is whole when each is proved.

    ``asks_others``: the responders of other CAs are asked over the network, at the addresses in
    certificates that a trust anchor has signed.
    """
    believed = anchors()
    above: dict[x509.Certificate, Anchor] = {}
    is_whole = True
    for leaf in leaves:
        lowest = x509.load_der_x509_certificate(leaf.dump())
        if lowest.not_valid_after_utc <= now:
            continue
        links = chain_of(lowest, believed, at=now)
        is_whole = is_whole and links is not None
        for anchor in links or ():
            if lowest != anchor.certificate:
                above[lowest] = anchor
            lowest = anchor.certificate
    answers: list[ocsp.OCSPResponse] = []
    lists: list[crl.CertificateList] = []
    certificates: dict[x509.Certificate, None] = {}
    for certificate, anchor in above.items():
        certificates |= {certificate: None, anchor.certificate: None}
        asked = ocsp_messages.OCSPRequestBuilder().add_certificate(
            certificate, anchor.certificate, SHA256()
        )
        request = asked.build().public_bytes(Encoding.DER)
        said = None
        if anchor.is_own:
            said = responder.answer(request, now=now)
        elif asks_others:
            said = _asked_elsewhere(certificate, request)
        if said and _is_answered(said):
            answers.append(ocsp.OCSPResponse.load(said))
        elif anchor.is_own and (published := _standing_list(anchor, now=now)):
            lists.append(crl.CertificateList.load(published))
        else:
            is_whole = False
    return Evidence(
        [asn1_x509.Certificate.load(one.public_bytes(Encoding.DER)) for one in certificates],
        answers,
        lists,
        is_whole,
    )


def _is_answered(said: bytes) -> bool:
    try:
        answer = ocsp_messages.load_der_ocsp_response(said)
        return answer.certificate_status != ocsp_messages.OCSPCertStatus.UNKNOWN
    except ValueError:  # no answer, or no success
        return False


def _asked_elsewhere(certificate: x509.Certificate, request: bytes) -> bytes | None:
    """Return what the responder of another CA answers; None where it does not."""
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess)
    except (x509.ExtensionNotFound, ValueError):
        return None
    for one in access.value:
        address = one.access_location.value
        is_responder = one.access_method == AuthorityInformationAccessOID.OCSP
        if not is_responder or not str(address).startswith(("http://", "https://")):
            continue
        headers = {"Content-Type": "application/ocsp-request"}
        try:
            with urlopen(  # noqa: S310 (by http, see above)
                Request(str(address), data=request, headers=headers),  # noqa: S310
                timeout=_MOST_SECONDS,
            ) as response:
                answered: bytes = response.read(_MOST_ANSWER_BYTES)
                return answered
        except OSError as error:
            logger.warning("no OCSP answer from %s: %s", address, error)
    return None


def _standing_list(anchor: Anchor, *, now: datetime) -> bytes | None:
    """Return the standing revocation list of one of the portal's CAs, where it has not ended."""
    serial = serials.text(anchor.certificate.serial_number)
    ca = Authority.objects.filter(serial_number=serial).first()
    standing = publication.latest(ca.slug) if ca else None
    return bytes(standing.der) if standing and standing.next_update > now else None


def with_stamp(
    pdf: bytes, *, now: datetime, by: Stamping | None, asks_others: bool = False
) -> Lasting:
    """Return a signed file with what proves its certificates and a time stamp over all of it.

    They are one more revision: what was there stays as it is, byte for byte. Where nothing stamps
    it comes back as it came, due at once.
    """
    if by is None:
        return Lasting(pdf, None, None, is_whole=False)
    leaves = [*_signers_in(pdf), *by.certificates]
    evidence = evidence_of(leaves, now=now, asks_others=asks_others)
    writer, target = IncrementalPdfFileWriter(BytesIO(pdf)), BytesIO()
    DocumentSecurityStore.supply_dss_in_writer(
        writer, None, certs=evidence.certificates, ocsps=evidence.answers, crls=evidence.lists
    )
    try:
        PdfTimeStamper(by.timestamper).timestamp_pdf(writer, HASH, output=target)
    except TimestampRequestError:
        logger.exception("the time-stamp authority does not answer")
        return Lasting(pdf, None, None, is_whole=False)
    return Lasting(target.getvalue(), now, by.ends_at, evidence.is_whole)


def _signers_in(pdf: bytes) -> list[asn1_x509.Certificate]:
    """Return whose signatures and time stamps are in a file."""
    found = []
    for signature in PdfFileReader(BytesIO(pdf)).embedded_signatures:
        found.append(signature.signer_cert)
        tokens = extract_tst_data_iter(signature.signer_info, signed=False)
        found += [extract_certificate_info(token).signer_cert for token in tokens]
    return found
