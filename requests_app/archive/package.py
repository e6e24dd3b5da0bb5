"""The format of a package: its files, the manifest over them, a signature over that.

Pure: neither database nor settings. A ZIP whose bytes follow from its files (names in order,
nothing compressed, no times), so that a reader builds it again and compares: every byte counts.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

from asgiref.sync import async_to_sync
from asn1crypto import cms, parser
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_public_key
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import async_validate_detached_cms
from pyhanko.sign.validation.status import StandardCMSSignatureStatus
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from portal.audit.chain import hash_of
from portal.audit.models import AuditEntry
from portal.core import archives
from portal.documents.signing import KeySigner

FORMAT = "cks-ho-so/1"
MANIFEST, SIGNATURE = "manifest.json", "manifest.p7s"
DATA, HISTORY, AUDIT = "data.json", "history.json", "audit-entries.json"
FIRST_DAY = (1980, 1, 1, 0, 0, 0)  # the first a ZIP can name
_MOST_FILES, _MOST_BYTES = 20_000, 4 * 1024**3


class Untrue(Exception):
    """A package is not what was signed; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found of a package that is as it was signed."""

    dossier: str
    files: int
    entries: int  # of the audit
    signer: str
    signed_at: datetime
    stamped_at: datetime | None  # by a timestamp authority of the anchors


def as_json(value: object) -> bytes:
    """Return JSON that a person reads, the same for the same value."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1, default=str)
    return f"{text}\n".encode()


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Return the ZIP of these files: the same bytes for the same files."""
    target = BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, date_time=FIRST_DAY)
            info.create_system, info.external_attr = 3, 0o100444 << 16
            archive.writestr(info, files[name])
    return target.getvalue()


def sealed(
    files: Mapping[str, bytes],
    *,
    dossier: str,
    certificate: x509.Certificate,
    key: RSAPrivateKey,
    now: datetime,
    timestamper: TimeStamper | None = None,
) -> bytes:
    """Return the package of ``files``, signed; ``timestamper``: where there is an authority."""
    manifest = as_json(
        {
            "format": FORMAT,
            "dossier": dossier,
            "made_at": now.astimezone(UTC).isoformat(timespec="seconds"),
            "files": [
                {"name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
                for name, content in sorted(files.items())
            ],
        }
    )
    signer = KeySigner(
        key,
        signing_cert=asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER)),
        cert_registry=SimpleCertificateStore(),  # type: ignore[no-untyped-call]
    )
    signed = async_to_sync(signer.async_sign_general_data)(
        manifest,
        "sha256",
        timestamper=timestamper,
        signed_attr_settings=PdfCMSSignedAttributes(signing_time=now.replace(microsecond=0)),
    )
    return zipped({**files, MANIFEST: manifest, SIGNATURE: signed.dump()})


def verify(content: bytes, *, anchors: Iterable[x509.Certificate], now: datetime) -> Verified:
    """Check a package against ``anchors`` and nothing else; raise Untrue with the first flaw.

    A certificate that has ended by ``now`` counts at the time stamp, where the anchors have its
    authority too; of another the stamp proves nothing, and nothing against the signature.
    """
    try:
        files = archives.parts_of(content, most_parts=_MOST_FILES, most_bytes=_MOST_BYTES)
    except (archives.Unreadable, archives.TooLarge) as error:
        raise Untrue(f"no whole ZIP: {error}") from error
    if zipped(files) != content:
        raise Untrue("the ZIP holds bytes that belong to no file, or names in another order")
    try:
        manifest, signature = files.pop(MANIFEST), files.pop(SIGNATURE)
    except KeyError as missing:
        raise Untrue(f"{missing} is missing") from missing
    signer, signed_at, stamped_at = _signature(manifest, signature, anchors=anchors, now=now)
    try:
        said = json.loads(manifest)
        if said["format"] != FORMAT:
            raise Untrue(f"a format that is not known: {said['format']}")
        listed = {one["name"]: one["sha256"] for one in said["files"]}
    except (ValueError, KeyError, TypeError) as error:
        raise Untrue(f"{MANIFEST} cannot be read") from error
    for name in sorted(listed.keys() - files.keys()):
        raise Untrue(f"{name} is missing")
    for name, held in files.items():
        if name not in listed:
            raise Untrue(f"{name} was added")
        if hashlib.sha256(held).hexdigest() != listed[name]:
            raise Untrue(f"{name} was changed")
    entries = _audit(files.get(AUDIT, b""), dossier=said["dossier"])
    return Verified(said["dossier"], len(files), entries, signer, signed_at, stamped_at)


# What asn1crypto and pyHanko raise for bytes that mean nothing; an unknown hash is no attribute.
_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, NotImplementedError)


def _signature(
    manifest: bytes, signature: bytes, *, anchors: Iterable[x509.Certificate], now: datetime
) -> tuple[str, datetime, datetime | None]:
    roots = [asn1_x509.Certificate.load(one.public_bytes(Encoding.DER)) for one in anchors]

    def judged(moment: datetime) -> StandardCMSSignatureStatus:
        at, by_now = (
            ValidationContext(trust_roots=roots, moment=one, allow_fetching=False)
            for one in (moment, now)
        )
        return async_to_sync(async_validate_detached_cms)(
            manifest,
            info["content"],
            signer_validation_context=at,
            ts_validation_context=by_now,
        )

    try:
        info = cms.ContentInfo.load(signature, strict=True)
        if info["content_type"].native != "signed_data" or not _is_as_written(info, signature):
            raise Untrue("the signature is not as it was written")
        status = judged(now)
        stamp = status.timestamp_validity
        is_stamped = stamp is not None and stamp.intact and stamp.valid and stamp.trusted
        if stamp is not None and is_stamped and not status.trusted:
            status = judged(stamp.timestamp)
    except (*_UNREADABLE, SigningError, SignatureValidationError) as error:
        raise Untrue(f"the signature cannot be read: {error}") from error
    if not status.intact or not status.valid:
        raise Untrue("the signature is not one over this manifest")
    if not status.trusted:
        raise Untrue("the signature is not by a certificate of the trust anchors")
    signed_at = status.signer_reported_dt
    if signed_at is None:
        raise Untrue("the signature names no time")
    if stamp is not None and not (stamp.intact and stamp.valid):
        raise Untrue("its timestamp does not stand")
    name = status.signing_cert.subject.human_friendly
    return name, signed_at, stamp.timestamp if stamp and is_stamped else None


def _is_as_written(info: cms.ContentInfo, signature: bytes) -> bool:
    """Say whether what no signature covers stands as ``sealed`` writes it, and in DER.

    The stamp is looked at by its lengths alone: to write it anew, nested as it is, takes minutes.
    """
    signed = info["content"]
    (signer,) = signed["signer_infos"]
    parts = [signed[name] for name in signed if name != "signer_infos"]
    parts += [signer[name] for name in signer if name != "unsigned_attrs"]
    issuer = signer["sid"].chosen["issuer"].dump()
    return (
        (signed["version"].native, signer["version"].native) == ("v1", "v1")
        and [one.dump() for one in signed["digest_algorithms"]]
        == [signer["digest_algorithm"].dump()]
        and any(one.chosen.issuer.dump() == issuer for one in signed["certificates"])
        and all(one.dump() == one.dump(force=True) for one in parts)
        and _is_der(signature)
    )


def _is_der(values: bytes) -> bool:
    """Say whether each of some values, and of what they hold, begins as short as it can."""
    while values:
        kind, method, tag, header, content, trailer = parser.parse(values)
        length = len(header) + len(content) + len(trailer)
        if parser.emit(kind, method, tag, content) != values[:length]:
            return False
        if method and not _is_der(content):
            return False
        values = values[length:]
    return True


def digest_of(entries: Iterable[AuditEntry]) -> str:
    """Return SHA-256 over the hashes of entries in their order: the last entry names it."""
    return hashlib.sha256("".join(one.entry_hash for one in entries).encode()).hexdigest()


COLUMNS = [
    "sequence",
    "at",
    "actor_uuid",
    "actor_role",
    "actor_name",
    "action",
    "target_type",
    "target_uuid",
    "agency_uuid",
    "office_uuid",
    "data",
    "previous_hash",
    "entry_hash",
]


def audit_extract(
    entries: Iterable[AuditEntry], last: AuditEntry, *, checkpoint: str, public_key: str
) -> dict[str, Any]:
    """Return the dossier's entries and their proof.

    ``last`` names the digest of the others; ``checkpoint`` attests it. So the entries are proved to
    stand in the portal's chain without one of another dossier.
    """
    rows = [{name: getattr(one, name) for name in COLUMNS} for one in (*entries, last)]
    for row in rows:
        row["at"] = row["at"].astimezone(UTC).isoformat()
    return {"entries": rows, "checkpoint": checkpoint, "checkpoint_key": public_key}


def _audit(content: bytes, *, dossier: str) -> int:
    """Check the extract against itself; return how many entries it holds. Raises Untrue."""
    try:
        extract = json.loads(content)
        found = [
            AuditEntry(**{**row, "at": datetime.fromisoformat(row["at"])})
            for row in extract["entries"]
        ]
        *entries, last = found
        mark = json.loads(extract["checkpoint"])
        signature = bytes.fromhex(mark.pop("signature"))
        key = load_pem_public_key(extract["checkpoint_key"].encode())
        signed = json.dumps(mark, sort_keys=True, separators=(",", ":")).encode()
        altered = [one.sequence for one in found if one.entry_hash != hash_of(one)]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Untrue(f"{AUDIT} cannot be read") from error
    if altered:
        raise Untrue(f"{AUDIT}: entry {altered[0]} is not what was written")
    if last.data.get("digest") != digest_of(entries) or str(last.target_uuid) != dossier:
        raise Untrue(f"{AUDIT}: entries are missing, added or in another order")
    if (mark.get("sequence"), mark.get("entry_hash")) != (last.sequence, last.entry_hash):
        raise Untrue(f"{AUDIT}: the checkpoint attests another entry")
    if not isinstance(key, Ed25519PublicKey):
        raise Untrue(f"{AUDIT}: the checkpoint's key is of another kind")
    try:
        key.verify(signature, signed)
    except InvalidSignature as error:
        raise Untrue(f"{AUDIT}: the checkpoint's signature is wrong") from error
    return len(found)
