"""What is found in a PDF somebody handed in: its structure, and each signature on it.

It runs in a process of its own (``examiner``), which is started by this file's path: it imports
nothing of the portal, and what goes in and out is JSON. One child is forked for each file, with
limits of time and memory, so a file that is made to do harm costs itself only.
"""

from __future__ import annotations

import base64
import gc
import hashlib
import json
import os
import re
import resource
import select
import signal
import struct
import sys
import zlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, NamedTuple

from asn1crypto import parser, x509
from asn1crypto.crl import CertificateList
from asn1crypto.ocsp import OCSPResponse
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.decode_limits import DecodePurpose
from pyhanko.pdf_utils.misc import PdfError, PdfReadError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import (
    DEFAULT_DIFF_POLICY,
    DiffResult,
    FormUpdatingRule,
    ModificationLevel,
    StandardDiffPolicy,
)
from pyhanko.sign.diff_analysis.constants import ACROFORM_EXEMPT_STRICT_COMPARISON
from pyhanko.sign.diff_analysis.rules.form_field_rules import (
    SigFieldCreationRule,
    SigFieldModificationRule,
)
from pyhanko.sign.general import SigningError
from pyhanko.sign.validation import (
    EmbeddedPdfSignature,
    PdfSignatureStatus,
    SignatureCoverageLevel,
    validate_pdf_signature,
    validate_pdf_timestamp,
)
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.errors import NoDSSFoundError, SignatureValidationError
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko_certvalidator import ValidationContext

MOST_SECONDS, MOST_CPU_SECONDS = 20, 10
# As many times as much for what begins, byte for byte, with a letter that was printed here: of 500
# rows it takes 5 s, most of it to see that nothing was changed after it.
MORE_FOR_OURS = 6
MOST_MEMORY = 300 * 1024 * 1024
MOST_OBJECTS = 100_000
MOST_DEPTH = 50  # of dictionaries written inside one another, and of trees
MOST_UNPACKED, MOST_UNPACKED_OF_ONE = 400 * 1024 * 1024, 120 * 1024 * 1024
MOST_PIXELS = 200_000_000
MOST_REVISIONS = 40
MOST_FILTERS = 3
IDLE_SECONDS = 300

# Exit codes of the child that looked at one file.
_TOO_HEAVY = 3

# Anything in a PDF that acts by itself, or carries another file.
_ACTIVE_KEYS = frozenset(
    {"/JS", "/JavaScript", "/XFA", "/EF", "/EmbeddedFiles", "/RichMediaContent"}
)
DATA_NAME = "du-lieu-ho-so.json"  # as portal.documents.layout encloses it
_ACTIVE_ACTIONS = frozenset(
    {"/JavaScript", "/Launch", "/ImportData", "/SubmitForm", "/Rendition", "/GoToE"}
)
# In a signed document also whatever shows another content at another time or place.
_CHANGING_ACTIONS = frozenset(
    {"/GoToR", "/Hide", "/SetOCGState", "/ResetForm", "/Movie", "/Sound", "/Trans"}
)
_CHANGING_KEYS = frozenset({"/OCProperties", "/Alternates", "/OPI", "/Movie", "/AA"})
_HIDDEN_FLAGS = 1 << 5 | 1 << 8  # of annotations: NoView, ToggleNoView
_HIDDEN = 1 << 1
_SUBFILTERS = frozenset({"/ETSI.CAdES.detached", "/adbe.pkcs7.detached"})
_HASHES = frozenset({"sha256", "sha384", "sha512"})
_KEY_USAGE = KeyUsageConstraints(
    key_usage={"digital_signature", "non_repudiation"}, match_all_key_usages=False
)
# Extended key usages that say documents may be signed; without the extension any use is allowed.
# Poppler (NSS) asks for e-mail protection; the second is the CA's own for public services.
_SIGNING_PURPOSES = frozenset(
    {
        "1.3.6.1.5.5.7.3.4", "2.16.704.1.1.1.1.1", "1.3.6.1.5.5.7.3.36", "2.5.29.37.0",
        "1.2.840.113583.1.1.5", "1.3.6.1.4.1.311.10.3.12",
    }
)  # fmt: skip
# Server, code, time stamps, OCSP: keys of machines.
_MACHINE_PURPOSES = frozenset(f"1.3.6.1.5.5.7.3.{number}" for number in (1, 3, 8, 9))

_FIELD_RULES = (SigFieldCreationRule(), SigFieldModificationRule())  # type: ignore[no-untyped-call]
# After a signature: further signatures, and what makes them last. No form is filled in.
_AFTER_SIGNING = StandardDiffPolicy(
    DEFAULT_DIFF_POLICY.global_rules, FormUpdatingRule(list(_FIELD_RULES))
)
# As above, on a letter that bears no signature yet.
_AFTER_FREEZING = StandardDiffPolicy(
    DEFAULT_DIFF_POLICY.global_rules,
    FormUpdatingRule(list(_FIELD_RULES), ACROFORM_EXEMPT_STRICT_COMPARISON | {"/SigFlags"}),
)
_TABLE = re.compile(rb"[0-9 \t\r\n\f]*")
_END = re.compile(rb"\s*(?:endobj\s*)?startxref\s+\d+\s+%%EOF[\r\n]{0,2}")
# A damaged file can fail in the reader in any of these ways.
_BROKEN = (
    PdfError, SigningError, SignatureValidationError, ValueError, KeyError, TypeError, IndexError,
    AttributeError, RecursionError, OverflowError, AssertionError, NotImplementedError, zlib.error,
)  # fmt: skip


class TooHeavy(Exception):
    """The file unpacks to more than a document holds."""


class Widget(NamedTuple):
    """Where a signature is shown: page (from 0, -1 on none), its box, and the box of the page."""

    page: int
    box: list[float]
    page_box: list[float]


class Evidence(NamedTuple):
    """Certificates of CAs, and what they said of others: since when, until when, and the words."""

    roots: list[x509.Certificate]
    certificates: list[x509.Certificate]
    answers: list[tuple[datetime, datetime, OCSPResponse]]
    lists: list[tuple[datetime, datetime, CertificateList]]


class Reader(PdfFileReader):
    """Reads what stands where in an object stream once. pyHanko does so anew for each object: of a
    letter of 500 rows, with 7,500 objects in one stream, that took minutes."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        # Object stream → its data, and number → which of its objects, and where that begins.
        self._tables: dict[int, tuple[bytes, dict[int, tuple[int, int]]]] = {}

    def _get_object_from_stream(self, idnum: int, stmnum: int, idx: int) -> Any:
        """As pyHanko's, which is asked for whatever is not plainly as it should be."""
        stream: Any = generic.Reference(stmnum, 0, self).get_object()
        if stmnum not in self._tables and _name(stream, "/Type") == "/ObjStm":
            data = stream.read_data(DecodePurpose.OBJECT_STREAM)
            places: dict[int, tuple[int, int]] = {}
            if _TABLE.fullmatch(data, 0, stream["/First"]):
                numbers = [int(one) for one in data[: stream["/First"]].split()]
                for at in range(min(len(numbers) // 2, stream["/N"])):
                    places.setdefault(numbers[2 * at], (at, numbers[2 * at + 1]))
            self._tables[stmnum] = data, places
        data, places = self._tables.get(stmnum, (b"", {}))
        if idnum in places and places[idnum][0] == idx:
            source = BytesIO(data)
            source.seek(stream["/First"] + places[idnum][1])
            with suppress(PdfReadError):
                found = generic.read_object(source, generic.Reference(idnum, 0, self))
                if not isinstance(found, (generic.StreamObject, generic.IndirectObject)):
                    return found
        return super()._get_object_from_stream(idnum, stmnum, idx)  # type: ignore[no-untyped-call]


def examine(pdf: bytes, question: dict[str, Any]) -> dict[str, Any]:
    """Return what is found, ready for JSON.

    ``question``: ``mode`` "upload" looks at the structure only, as a reader would open it;
    "verify" judges every signature against ``trust`` (base64 of DER) at ``now`` (ISO), and with
    ``frozen`` (SHA-256, size) says whether the file is that letter and signatures put after it.
    ``kept_at`` is since when these very bytes are known.
    """
    is_verifying = question["mode"] == "verify"
    try:
        reader = Reader(BytesIO(pdf), strict=is_verifying)
        if reader.encrypted:
            return {"error": "encrypted"}
        file = _structure(pdf, reader, is_verifying=is_verifying)
        if not is_verifying:
            return {"file": file, "is_signed": _has_signature(reader)}
        return {
            "file": file,
            "is_frozen": _is_frozen(pdf, reader, question.get("frozen")),
            "signatures": _signatures(pdf, reader, question),
        }
    except _BROKEN as error:
        return {"error": "unreadable", "why": f"{type(error).__name__}: {error}"[:300]}


def _structure(pdf: bytes, reader: PdfFileReader, *, is_verifying: bool) -> list[str]:
    """Return codes of what is wrong with the whole file."""
    revisions = reader.xrefs.total_revisions
    references: set[generic.Reference] = set()
    for revision in range(min(revisions, MOST_REVISIONS)):
        references |= set(reader.xrefs.explicit_refs_in_revision(revision))
        if revision == 0:  # what a file leaves out from its beginning was never anything
            references -= set(reader.xrefs.refs_freed_in_revision(revision))
    if len(references) > MOST_OBJECTS or revisions > MOST_REVISIONS:
        raise TooHeavy
    found: set[str] = set()
    unpacked = 0
    own = _own_data(reader)
    for reference in references:
        value = reference.get_object()
        if isinstance(value, generic.StreamObject):
            unpacked += _unpacked(value)
            if unpacked > MOST_UNPACKED:
                raise TooHeavy
            if is_verifying and "/F" in value:
                found.add("active")  # its content lies in another file
        for one in _dictionaries(value, depth=0):
            keys = set(one)
            subtype = _name(one, "/S")
            if keys & _ACTIVE_KEYS - own.get(reference, set()) or subtype in _ACTIVE_ACTIONS:
                found.add("active")
            if is_verifying:
                found |= _changing(one, keys, subtype)
    if is_verifying:
        found |= _ends(pdf, reader)
    return sorted(found)


def _own_data(reader: PdfFileReader) -> dict[Any, set[str]]:
    """Return which objects enclose the one file that letters printed here carry, and by which key.

    It is JSON by its name. Whatever else is enclosed is refused, and so is that one beside another.
    """
    names = _get(_get(reader.root, "/Names", {}), "/EmbeddedFiles", None)
    held: Any = _get(names, "/Names", ()) if names is not None else ()
    if len(held) != 2 or "/Kids" in names or str(held[0].get_object()) != DATA_NAME:  # noqa: PLR2004
        return {}
    place = held.raw_get(1)
    if not isinstance(place, generic.IndirectObject):
        return {}
    kept = _get(_object(place), "/EF", {})
    file = _get(kept, "/F", None)
    if set(kept) != {"/F"} or not isinstance(file, generic.StreamObject):
        return {}
    _unpacked(file)  # not too much to look into
    try:
        json.loads(file.data)
    except (ValueError, RecursionError):
        return {}
    # The dictionary of names says so, in the catalog or by itself, and the file's description.
    named = reader.root["/Names"].container_ref
    return {named: {"/EmbeddedFiles"}, place.reference: {"/EF"}}


def _changing(one: generic.DictionaryObject, keys: set[str], subtype: str) -> set[str]:
    """Return codes of what makes one dictionary show something else another time."""
    found = set()
    if keys & _CHANGING_KEYS or subtype in _CHANGING_ACTIONS:
        found.add("changing")
    if "/Ref" in keys and _name(one, "/Subtype") == "/Form":
        found.add("changing")  # a page of another file in its place
    if _name(one, "/FT") not in ("", "/Sig"):
        found.add("form_fields")
    if "/Rect" in keys and "/Subtype" in keys:
        flags = _get(one, "/F", 0)
        is_signature = _name(one, "/FT") == "/Sig"
        if isinstance(flags, int) and (
            flags & _HIDDEN_FLAGS or (flags & _HIDDEN and not is_signature)
        ):
            found.add("changing")
    return found


def _ends(pdf: bytes, reader: PdfFileReader) -> set[str]:
    """Say whether the file begins and ends as a PDF does, and nothing stands beside its parts."""
    found = set()
    last = max(
        (
            reader.xrefs.get_xref_container_info(revision)
            for revision in range(reader.xrefs.total_revisions)
        ),
        key=lambda one: one.end_location,
    )
    end = last.end_location
    if last.stream_ref is None:  # a table, and a trailer after it
        stream = BytesIO(pdf)
        stream.seek(end)
        beyond = generic.TrailerReference(reader)  # type: ignore[no-untyped-call]
        generic.DictionaryObject.read_from_stream(stream, beyond)
        end = stream.tell()
    if not pdf.startswith(b"%PDF-") or not _END.fullmatch(pdf, end):
        found.add("bytes_beside")
    if reader.xrefs.hybrid_xrefs_present:
        found.add("bytes_beside")
    return found


def _unpacked(stream: generic.StreamObject) -> int:
    """Return how many bytes a stream unpacks to; raises TooHeavy."""
    width, height = _get(stream, "/Width", 0), _get(stream, "/Height", 0)
    if isinstance(width, int) and isinstance(height, int) and width * height > MOST_PIXELS:
        raise TooHeavy
    filters = _get(stream, "/Filter", ())
    names = [filters] if isinstance(filters, generic.NameObject) else list(filters)
    if len(names) > MOST_FILTERS:
        raise TooHeavy
    data: bytes = stream.encoded_data
    size = 0
    for name in names:
        if name not in ("/FlateDecode", "/Fl"):
            break
        machine, left, parts = zlib.decompressobj(), data, []
        size = 0
        while left and not machine.eof:
            try:
                part = machine.decompress(left, 1 << 20)
            except zlib.error:
                break  # damaged: the digest says so
            size += len(part)
            if size > MOST_UNPACKED_OF_ONE:
                raise TooHeavy
            if len(names) > 1:
                parts.append(part)
            left = machine.unconsumed_tail
        data = b"".join(parts)
    return size


def _dictionaries(value: Any, *, depth: int) -> Iterator[generic.DictionaryObject]:
    """Yield the dictionaries written inside one object; what it refers to is met by itself."""
    if depth > MOST_DEPTH:
        raise PdfError("nested too deep")
    if isinstance(value, generic.DictionaryObject):
        yield value
        inner = [value.raw_get(key) for key in value]
    elif isinstance(value, generic.ArrayObject):
        inner = [value.raw_get(index) for index in range(len(value))]
    else:
        inner = []
    for one in inner:
        yield from _dictionaries(one, depth=depth + 1)


def _name(one: generic.DictionaryObject, key: str) -> str:
    """Return a name written in a dictionary itself, "" where there is none."""
    value = one.raw_get(key) if key in one else None
    return str(value) if isinstance(value, generic.NameObject) else ""


def _object(one: Any) -> Any:
    """Return what ``one`` refers to, or itself."""
    return one.get_object()


def _get(one: Any, key: str, default: Any) -> Any:
    """Return what a dictionary holds under ``key``, what it refers to being followed."""
    return one[key].get_object() if key in one else default


def _has_signature(reader: PdfFileReader) -> bool:
    try:
        return any(True for _one in reader.embedded_signatures)
    except _BROKEN:
        return True  # it claims one


def _begins_frozen(pdf: bytes, frozen: Any) -> bool:
    return frozen is not None and hashlib.sha256(pdf[: frozen[1]]).hexdigest() == frozen[0]


def _is_frozen(pdf: bytes, reader: PdfFileReader, frozen: Any) -> bool | None:
    """Say whether the file is the frozen letter, byte for byte, and signatures put after it.

    The beginning alone would not do: a later revision can replace a page before it is signed.
    """
    if frozen is None:
        return None
    if not _begins_frozen(pdf, frozen):
        return False
    size = frozen[1]
    within = [
        revision
        for revision in range(reader.xrefs.total_revisions)
        if reader.xrefs.get_xref_container_info(revision).end_location <= size
    ]
    if not within:
        return False
    try:
        found = _AFTER_FREEZING.review_file(reader, within[-1])
    except PdfError:
        return False
    return isinstance(found, DiffResult) and (
        found.modification_level <= ModificationLevel.FORM_FILLING
    )


def _signatures(
    pdf: bytes, reader: PdfFileReader, question: dict[str, Any]
) -> list[dict[str, Any]]:
    found = list(reader.embedded_signatures)
    pages: dict[tuple[int, int], tuple[int, list[float]]] = {}
    _find_widgets(reader, pages)
    trust = [x509.Certificate.load(base64.b64decode(der)) for der in question["trust"]]
    evidence = _evidence(reader, trust)
    now = datetime.fromisoformat(question["now"])
    kept_at = datetime.fromisoformat(question["kept_at"]) if question.get("kept_at") else None
    stamps = _stamps(pdf, found, evidence, now=now)
    reports = [
        _signature(pdf, one, pages, evidence, stamps, now=now, kept_at=kept_at) for one in found
    ]
    if found and _has_later_empty_field(reader, min(one.signed_revision for one in found)):
        for report in reports:
            report["problems"].append("changed_after")
    return reports


def _evidence(reader: PdfFileReader, trust: list[x509.Certificate]) -> Evidence:
    """Return what proves the file's certificates: what is believed, and what it carries itself."""
    roots = [one for one in trust if one.self_issued]
    certificates = [one for one in trust if not one.self_issued]
    try:
        kept = DocumentSecurityStore.read_dss(reader)
    except NoDSSFoundError:
        return Evidence(roots, certificates, [], [])
    answers, lists = [], []
    for one in kept.ocsps:
        answer = OCSPResponse.load(one.get_object().data)
        if answer["response_status"].native == "successful":
            about = answer.response_data["responses"][0]
            begins = about["this_update"].native
            answers.append((begins, about["next_update"].native or begins, answer))
    for one in kept.crls:
        published = CertificateList.load(one.get_object().data)
        about = published["tbs_cert_list"]
        begins = about["this_update"].native
        lists.append((begins, about["next_update"].native or begins, published))
    return Evidence(roots, [*certificates, *kept.load_certs()], answers, lists)


def _stamps(
    pdf: bytes,
    found: list[EmbeddedPdfSignature],
    evidence: Evidence,
    *,
    now: datetime,
) -> dict[int, datetime]:
    """Return the time stamps over the file that stand: its revision -> when it was stamped.

    The last one is judged now, each before it when the next was put, which proves that it was
    there, with all that it rests on: so a chain of them outlives each of their certificates.
    """
    stamped: dict[int, datetime] = {}
    moment = now
    for one in sorted(found, key=lambda one: -one.signed_revision):
        if str(one.sig_object_type) != "/DocTimeStamp":
            continue
        try:
            status = validate_pdf_timestamp(
                one, _context(evidence, moment), diff_policy=_AFTER_SIGNING
            )
        except SignatureValidationError:
            continue  # it proves nothing
        if (
            status.intact
            and status.valid
            and status.trusted
            and status.modification_level is not None
            and status.modification_level <= ModificationLevel.FORM_FILLING
            and status.coverage >= SignatureCoverageLevel.ENTIRE_REVISION
            and _covers_all_but_itself(pdf, one)
        ):
            moment = stamped[one.signed_revision] = status.timestamp
    return stamped


def _signature(
    pdf: bytes,
    signature: EmbeddedPdfSignature,
    pages: dict[tuple[int, int], tuple[int, list[float]]],
    evidence: Evidence,
    stamps: dict[int, datetime],
    *,
    now: datetime,
    kept_at: datetime | None,
) -> dict[str, Any]:
    certificate = signature.signer_cert
    claimed = signature.self_reported_timestamp
    if claimed is not None and claimed.tzinfo is None:
        claimed = claimed.replace(tzinfo=UTC)
    is_stamp = str(signature.sig_object_type) == "/DocTimeStamp"
    validity = certificate["tbs_certificate"]["validity"]
    begins, ends = validity["not_before"].native, validity["not_after"].native
    # What a later time stamp proves was there then: its own time stamp is judged at that moment.
    later = [stamps[one] for one in stamps if one > signature.signed_revision]
    covered_at = min(later, default=None)
    # The chain is judged when the certificate stood; whether that time is proved comes after.
    moment = now if begins <= now < ends else claimed or now
    status = None
    if not is_stamp:
        status = _status(signature, evidence, moment, stamped_by=covered_at or now)
    proofs = [one for one in (_stamped_at(status), covered_at) if one is not None]
    stamped_at = min(proofs, default=None)
    proved_at = min((one for one in (stamped_at, kept_at) if one is not None), default=None)
    if stamped_at is not None and (moment != now or (status is not None and not status.trusted)):
        status = _status(signature, evidence, stamped_at, stamped_by=covered_at or now)
    problems = [] if is_stamp else _problems(pdf, signature, status, certificate)
    if not is_stamp:
        problems += _problems_of_time(begins, ends, claimed=claimed, proved_at=proved_at, now=now)
    return {
        "field": signature.field_name,
        "is_stamp": is_stamp,
        "revision": signature.signed_revision,
        "problems": problems,
        "der": base64.b64encode(certificate.dump()).decode(),
        "sha256": hashlib.sha256(signature.pkcs7_content).hexdigest(),
        "claimed_at": claimed.isoformat() if claimed else None,
        "stamped_at": stamped_at.isoformat() if stamped_at else None,
        "covers_whole_file": status is not None
        and status.coverage == SignatureCoverageLevel.ENTIRE_FILE,
        "widgets": _widgets(_object(signature.sig_field), pages),
    }


def _context(evidence: Evidence, moment: datetime) -> ValidationContext:
    """Return what is believed at ``moment``: of what CAs said only what they said of that time."""
    return ValidationContext(
        trust_roots=evidence.roots,
        moment=moment,
        allow_fetching=False,
        revocation_mode="soft-fail",
        other_certs=evidence.certificates,
        ocsps=[said for begins, ends, said in evidence.answers if begins <= moment <= ends],
        crls=[said for begins, ends, said in evidence.lists if begins <= moment <= ends],
    )


def _status(
    signature: EmbeddedPdfSignature,
    evidence: Evidence,
    moment: datetime,
    *,
    stamped_by: datetime,
) -> PdfSignatureStatus | None:
    """Return what pyHanko says of a signature at ``moment``, its time stamp at ``stamped_by``."""
    try:
        return validate_pdf_signature(
            signature,
            _context(evidence, moment),
            _context(evidence, stamped_by),
            diff_policy=_AFTER_SIGNING,
            key_usage_settings=_KEY_USAGE,
        )
    except SignatureValidationError:
        return None  # too broken to be judged


def _stamped_at(status: PdfSignatureStatus | None) -> datetime | None:
    """Return the moment of a time stamp of an authority that is believed."""
    stamp = status.timestamp_validity if status else None
    if stamp is None or not (stamp.intact and stamp.valid and stamp.trusted):
        return None
    moment: datetime = stamp.timestamp
    return moment


def _problems(
    pdf: bytes,
    signature: EmbeddedPdfSignature,
    status: PdfSignatureStatus | None,
    certificate: x509.Certificate,
) -> list[str]:
    """Return what is wrong with the bytes, the trust in the certificate, and its use."""
    found = []
    if (
        status is None
        or not (status.intact and status.valid)
        or str(_get(signature.sig_object, "/SubFilter", "")) not in _SUBFILTERS
        or status.md_algorithm not in _HASHES
    ):
        found.append("not_intact")
    elif status.coverage < SignatureCoverageLevel.ENTIRE_REVISION or not _covers_all_but_itself(
        pdf, signature
    ):
        found.append("partly_covered")
    elif not status.docmdp_ok:
        found.append("changed_after")
    if status is not None and not status.trusted:
        found.append("revoked_at_signing" if status.revoked else "not_trusted")
    if not _may_sign(certificate):
        found.append("wrong_usage")
    return found


def _covers_all_but_itself(pdf: bytes, signature: EmbeddedPdfSignature) -> bool:
    """Say whether the gap in what was signed is the signature and nothing else."""
    numbers = [int(one) for one in signature.byte_range]
    if len(numbers) != 4 or numbers[0] != 0:  # noqa: PLR2004 (two spans)
        return False
    _start, before, after, rest = numbers
    gap = pdf[before:after]
    if not re.fullmatch(rb"<[0-9A-Fa-f]+>", gap):
        return False
    held = bytes.fromhex(gap[1:-1].decode())
    size = parser.peek(held)
    if held[:size] != bytes(signature.pkcs7_content)[:size] or held[size:].strip(b"\0"):
        return False
    return re.search(rb"%%EOF[\r\n]{0,2}$", pdf[: after + rest][-16:]) is not None


def _may_sign(certificate: x509.Certificate) -> bool:
    """Say whether a certificate is somebody's to sign documents with: no CA's, no machine's."""
    if certificate.ca or certificate.self_issued:
        return False
    if certificate.key_usage_value is None:
        return False
    purposes = certificate.extended_key_usage_value
    if purposes is None:
        return True
    named = {one.dotted for one in purposes}
    return bool(named & _SIGNING_PURPOSES) and not named & _MACHINE_PURPOSES


def _problems_of_time(
    begins: datetime,
    ends: datetime,
    *,
    claimed: datetime | None,
    proved_at: datetime | None,
    now: datetime,
) -> list[str]:
    """Return what is wrong with the time of signing; the signer's own clock proves nothing."""
    at = proved_at or claimed
    if at is None:
        return ["no_time"]
    if claimed is not None and (claimed - now).total_seconds() > 300:  # noqa: PLR2004 (clocks differ)
        return ["time_in_future"]
    if not begins <= (claimed or at) < ends or at < begins:
        return ["expired_at_signing"]
    if ends <= now and (proved_at is None or proved_at >= ends):
        return ["time_unproved"]
    return []


def _has_later_empty_field(reader: PdfFileReader, first_signed: int) -> bool:
    """Say whether a field without signature came, or was changed, after the first signature."""
    form = _get(reader.root, "/AcroForm", None)
    fields = list(_get(form, "/Fields", ())) if form else []
    raw = _get(form, "/Fields", None) if form else None
    for index, field in enumerate(fields):
        field = field.get_object()  # noqa: PLW2901
        if _name(field, "/FT") != "/Sig" or _get(field, "/V", None) is not None:
            continue
        held = raw.raw_get(index) if raw is not None else None
        if isinstance(held, generic.IndirectObject):
            if reader.xrefs.get_last_change(held.reference) > first_signed:
                return True
        else:
            return True
    return False


def _find_widgets(
    reader: PdfFileReader, found: dict[tuple[int, int], tuple[int, list[float]]]
) -> None:
    """Note on which page each annotation stands, and the box of that page."""
    number = 0
    open_nodes: list[tuple[Any, list[float], int]] = [(reader.root["/Pages"], [0, 0, 0, 0], 0)]
    seen: set[int] = set()
    while open_nodes:
        node, box, depth = open_nodes.pop()
        node = node.get_object()
        if id(node) in seen or depth > MOST_DEPTH:
            raise PdfError("a tree of pages is a tree")
        seen.add(id(node))
        own = _get(node, "/CropBox", None) or _get(node, "/MediaBox", None)
        box = [float(one) for one in own] if own else box
        kids = _get(node, "/Kids", None)
        if kids is not None:
            open_nodes += [
                (kids.raw_get(index), box, depth + 1) for index in reversed(range(len(kids)))
            ]
            continue
        annotations = _get(node, "/Annots", None)
        for index in range(len(annotations) if annotations else 0):
            one = annotations.raw_get(index)
            if isinstance(one, generic.IndirectObject):
                found[one.reference.idnum, one.reference.generation] = (number, box)
        number += 1


def _widgets(
    field: generic.DictionaryObject, pages: dict[tuple[int, int], tuple[int, list[float]]]
) -> list[Widget]:
    """Return where a field is shown; nowhere is []."""
    kids = _get(field, "/Kids", None)
    shown = [field, *(one.get_object() for one in kids or ())]
    found = []
    for one in shown:
        rect = _get(one, "/Rect", None)
        if not rect:
            continue
        left, bottom, right, top = (float(number) for number in rect)
        if left == right or bottom == top:
            continue
        held = one.container_ref
        page, box = (
            pages.get((held.idnum, held.generation), (-1, [0.0] * 4))
            if isinstance(held, generic.Reference)
            else (-1, [0.0] * 4)
        )
        sides = [min(left, right), min(bottom, top), max(left, right), max(bottom, top)]
        found.append(Widget(page, sides, box))
    return found


def serve() -> None:
    """Answer questions from standard input until it closes or nothing comes for a while."""
    source, target = sys.stdin.buffer, sys.stdout.buffer
    gc.freeze()
    while select.select([source], [], [], IDLE_SECONDS)[0]:
        head = source.read(8)
        if len(head) < 8:  # noqa: PLR2004 (two lengths)
            return
        question_size, pdf_size = struct.unpack(">II", head)
        question = source.read(question_size)
        answer = _in_a_child(source.read(pdf_size), question)
        target.write(struct.pack(">I", len(answer)) + answer)
        target.flush()


def _in_a_child(pdf: bytes, question: bytes) -> bytes:
    receiving, sending = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(receiving)
            gc.disable()  # it lives for one file
            asked = json.loads(question)
            times = MORE_FOR_OURS if _begins_frozen(pdf, asked.get("frozen")) else 1
            most = times * MOST_CPU_SECONDS
            signal.setitimer(signal.ITIMER_REAL, times * MOST_SECONDS)  # it ends the process
            resource.setrlimit(resource.RLIMIT_CPU, (most, most + 1))
            resource.setrlimit(resource.RLIMIT_AS, (times * MOST_MEMORY, times * MOST_MEMORY))
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            answer = json.dumps(examine(pdf, asked)).encode()
            with os.fdopen(sending, "wb") as pipe:
                pipe.write(answer)
            code = 0
        except (MemoryError, TooHeavy):
            code = _TOO_HEAVY
        except Exception:
            code = 1
        finally:
            os._exit(code)
    os.close(sending)
    with os.fdopen(receiving, "rb") as pipe:
        answer = pipe.read()
    _pid, ended = os.waitpid(child, 0)
    if ended == 0 and answer:
        return answer
    is_heavy = os.WIFSIGNALED(ended) or os.waitstatus_to_exitcode(ended) == _TOO_HEAVY
    return json.dumps({"error": "too_heavy" if is_heavy else "unreadable"}).encode()


if __name__ == "__main__":
    serve()
