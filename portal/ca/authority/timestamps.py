"""The time-stamp authority of the simulated CA (RFC 3161, 5816): its certificate, its answers.

Like the OCSP responder's its key lies in a folder of its own, ``TSA_KEY_DIR``: whichever process
has that folder and FIELD_KEY answers, the web process or one apart that has nothing but this folder
and the database.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from django.conf import settings
from django.db import transaction

from portal.ca.authority import ceremony, keystore
from portal.ca.authority import services as authority
from portal.ca.authority.faults import KeyFault
from portal.ca.models import Authority
from portal.ca.pki import serials
from portal.ca.pki.profiles import ALGORITHMS, Addresses
from portal.ca.pki.signing import TEST_POLICY, Issuer, hash_for

logger = logging.getLogger(__name__)
Role = Authority.Role

NAME = "Cấp dấu thời gian MÔ PHỎNG"
# What is stamped is proved as long as the certificate lives: each stamp for five years and more.
LIFETIME, RENEWED_BEFORE = timedelta(days=10 * 365), timedelta(days=5 * 365)
BACKDATED = timedelta(hours=1)  # verifiers' clocks lag
MAX_REQUEST_BYTES = 4096
HASHES = {"sha256": 32, "sha384": 48, "sha512": 64}  # and their bytes
_LOADED_FOR = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Stamper:
    """The key that stamps, its certificate, and who certified it."""

    issuer: Issuer  # not of a CA: a certificate and its key
    chain: tuple[bytes, ...]  # DER: its certificate, and the CA's
    not_before: datetime
    not_after: datetime


class _Loaded:
    """What this process stamps with, read anew each minute: the worker renews the certificate."""

    stamper: Stamper | None = None
    at: datetime | None = None


def renew(*, now: datetime) -> bool:
    """Make what is missing of the authority, certify its key anew where that nears its end.

    Says whether anything was certified. Raises NotConfigured where nothing may be signed.
    """
    authority.own()
    issuing = next(
        (one for one in Authority.objects.issuing().alive_at(now) if one.issues_from), None
    )
    if issuing is None:
        return False
    with transaction.atomic():
        Authority.objects.select_for_update(no_key=True).get(pk=issuing.pk)  # one at a time
        standing = Authority.objects.filter(role=Role.TSA, is_current=True).order_by("-pk")
        before = standing.first()
        known = x509.load_der_x509_certificate(bytes(before.certificate)) if before else None
        if before is None and not keystore.has_key(Role.TSA):
            keystore.make_key(Role.TSA, ALGORITHMS[settings.CA_ALGORITHM].responder_key)
        key = keystore.load_key(Role.TSA, certificate=known)
        if before is not None and (
            before.not_after - now > RENEWED_BEFORE
            or (before.signed_by == issuing.slug and before.not_after >= issuing.not_after)
        ):
            return False
        certificate = authority.issuer_of(issuing).certify_service(
            key.public_key(),
            ExtendedKeyUsageOID.TIME_STAMPING,
            name=ceremony.name_of(NAME),
            serial=serials.number(serials.new_serial()),
            not_before=max(now - BACKDATED, issuing.not_before),
            not_after=min(now + LIFETIME, issuing.not_after),
            addresses=Addresses(settings.PUBLIC_URL, issuing.slug),
        )
        standing.update(is_current=False)
        row = ceremony.row_of(Role.TSA, certificate, slug=Role.TSA, signed_by=issuing.slug)
        row.save(force_insert=True)
        ceremony.record_act("ca.certify_timestamps", [row.serial_number], now=now)
    return True


def stamper(now: datetime) -> Stamper | None:
    """Return what stamps at ``now``; None where there is none. Raises KeyFault."""
    before = _Loaded.stamper
    is_recent = _Loaded.at is not None and abs(now - _Loaded.at) < _LOADED_FOR
    if before and is_recent and before.not_before <= now < before.not_after:
        return before
    _Loaded.stamper = None
    row = Authority.objects.filter(role=Role.TSA).alive_at(now).order_by("-pk").first()
    if row is None:
        return None
    certificate = x509.load_der_x509_certificate(bytes(row.certificate))
    is_known = before and before.issuer.certificate.public_key() == certificate.public_key()
    above = Authority.objects.get(role=Role.ISSUING, slug=row.signed_by)
    _Loaded.stamper, _Loaded.at = (
        Stamper(
            Issuer(
                certificate,
                before.issuer.key
                if before and is_known
                else keystore.load_key(Role.TSA, certificate=certificate),
            ),
            (certificate.public_bytes(Encoding.DER), bytes(above.certificate)),
            row.not_before,
            row.not_after,
        ),
        now,
    )
    return _Loaded.stamper


class NotStamped(Exception):
    """What is asked cannot be answered; it says why in the words of RFC 3161, 2.4.2."""


def answer(request: bytes, *, now: datetime, by: Stamper | None = None) -> bytes:
    """Return the response to ``request``, both DER (RFC 3161, 2.4); ``by``: who was loaded."""
    try:
        return _granted(_read(request), by, now=now)
    except NotStamped as refusal:
        status = {"status": "rejection", "fail_info": {str(refusal)}}
        return bytes(_Rejection({"status": status}).dump())


def _read(request: bytes) -> tsp.TimeStampReq:
    """Return a request that can be granted."""
    if len(request) > MAX_REQUEST_BYTES:
        raise NotStamped("bad_request")
    try:
        asked = tsp.TimeStampReq.load(request, strict=True)
        said = asked.native
    except (ValueError, TypeError, KeyError, AttributeError) as error:  # what asn1crypto raises
        raise NotStamped("bad_data_format") from error
    imprint = said["message_imprint"]
    algorithm = imprint["hash_algorithm"]["algorithm"]
    if said["version"] != "v1":
        raise NotStamped("bad_request")
    if algorithm not in HASHES:
        raise NotStamped("bad_alg")
    if len(imprint["hashed_message"]) != HASHES[algorithm]:
        raise NotStamped("bad_data_format")
    if said["req_policy"] not in (None, TEST_POLICY.dotted_string):
        raise NotStamped("unaccepted_policy")
    if said["extensions"]:
        raise NotStamped("unaccepted_extensions")
    return asked


def _granted(asked: tsp.TimeStampReq, by: Stamper | None, *, now: datetime) -> bytes:
    try:
        found = by or stamper(now)
    except KeyFault as fault:
        logger.exception("nothing can be time-stamped")
        raise NotStamped("time_not_available") from fault
    if found is None:
        raise NotStamped("time_not_available")
    info = {
        "version": "v1",
        "policy": TEST_POLICY.dotted_string,
        "message_imprint": asked["message_imprint"],
        "serial_number": secrets.randbits(127),
        "gen_time": now.replace(microsecond=0),
        "accuracy": {"seconds": 1},
    }
    if asked["nonce"].native is not None:
        info["nonce"] = asked["nonce"]
    content = tsp.TSTInfo(info).dump()
    token = _signed(content, found, has_certificates=asked["cert_req"].native)
    return bytes(
        tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": token}).dump()
    )


def _signed(content: bytes, by: Stamper, *, has_certificates: bool) -> cms.ContentInfo:
    """Return ``content`` (TSTInfo) as CMS signed data, its signer named by RFC 5816."""
    name = hash_for(by.issuer.key).name
    certificate = asn1_x509.Certificate.load(by.chain[0])
    named = {"cert_hash": hashlib.sha256(by.chain[0]).digest()}
    attributes = cms.CMSAttributes(
        [
            cms.CMSAttribute({"type": "content_type", "values": ["tst_info"]}),
            cms.CMSAttribute(
                {"type": "message_digest", "values": [hashlib.new(name, content).digest()]}
            ),
            cms.CMSAttribute({"type": "signing_certificate_v2", "values": [{"certs": [named]}]}),
        ]
    )
    family = "rsassa_pkcs1v15" if certificate.public_key.algorithm == "rsa" else f"{name}_ecdsa"
    signer = {
        "version": "v1",
        "sid": cms.SignerIdentifier(
            "issuer_and_serial_number",
            {"issuer": certificate.issuer, "serial_number": certificate.serial_number},
        ),
        "digest_algorithm": algos.DigestAlgorithm({"algorithm": name}),
        "signed_attrs": attributes,
        "signature_algorithm": {"algorithm": family},
        "signature": by.issuer.sign(attributes.dump()),
    }
    signed = {
        "version": "v3",
        "digest_algorithms": [{"algorithm": name}],
        "encap_content_info": {
            "content_type": "tst_info",
            "content": core.ParsableOctetString(content),
        },
        "signer_infos": [signer],
    }
    if has_certificates:
        signed["certificates"] = [asn1_x509.Certificate.load(der) for der in by.chain]
    return cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(signed)})


class _Rejection(core.Sequence):  # type: ignore[misc]
    """A response without a token, which asn1crypto's own always has."""

    _fields = [("status", tsp.PKIStatusInfo)]
