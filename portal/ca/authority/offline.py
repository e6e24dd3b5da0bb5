"""A root whose key lies elsewhere, under the passphrases of two people.

``take_away`` moves the key out. From then on what the root must sign leaves as a file
(``request_for``), is signed on another machine without the database (``sign``), and comes back
(``bring_in``), where every piece is compared with the root's certificate and with our own keys.
The answer carries a log of the ceremony that the root's key has signed; the audit names its hash.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from portal.audit.services import Act, record
from portal.ca.authority import ceremony, keystore, publication
from portal.ca.models import Authority, Crl
from portal.ca.pki import crl, serials
from portal.ca.pki.profiles import Addresses, PublicKey
from portal.ca.pki.signing import Issuer, hash_for, load_public_key
from portal.core.files import write_new
from portal.core.rules import refuse

Role = Authority.Role

FORMAT = 1
LEAST_CHARACTERS = 12  # of each person's passphrase (our own design)


def two_people(first: str, second: str) -> str:
    """Return what opens a root's key: neither passphrase tells anything alone; raises Refused."""
    if min(len(first), len(second)) < LEAST_CHARACTERS or first == second:
        raise refuse(
            "weak_passphrase",
            _("Hai mật khẩu phải khác nhau, mỗi mật khẩu ít nhất 12 ký tự."),
        )
    both = b"".join(len(one.encode()).to_bytes(4, "big") + one.encode() for one in (first, second))
    derived = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"root of two people")
    return derived.derive(both).hex()


def take_away(slug: str, folder: Path, *, passphrase: str, now: datetime) -> Path:
    """Move a root's key into ``folder`` under ``passphrase``; nothing here can use it any more.

    The key here is removed once the one there was opened again. Raises KeyFault, Refused.
    """
    root = _root(slug)
    if keystore.token_of(slug):
        raise refuse(
            "on_a_token", _("Khóa của CA gốc nằm trong thiết bị HSM (PKCS#11), không xuất ra được.")
        )
    certificate = x509.load_der_x509_certificate(bytes(root.certificate))
    key = keystore.load_key(slug, certificate=certificate)
    path = folder / f"{slug}.key"
    write_new(path, keystore.encrypted(key, passphrase, cost=settings.SCRYPT_COST))
    write_new(folder / f"{slug}.crt", certificate.public_bytes(Encoding.PEM))
    _opened(folder, slug, passphrase)
    with transaction.atomic():
        Authority.objects.filter(pk=root.pk).update(is_offline=True)
        ceremony.record_act("ca.take_away", [root.subject, root.serial_number], now=now)
    keystore.key_path(slug).unlink()
    return path


def request_for(slug: str, *, now: datetime) -> dict[str, Any]:
    """Return what the root must sign: its list, the responder, and issuing CAs without its word."""
    root = _root(slug)
    last = publication.latest(slug)
    this_update = now.replace(microsecond=0)
    until = min(this_update + publication.ROOT_CRL_LIFETIME, root.not_after)
    return {
        "format": FORMAT,
        "root": slug,
        "root_serial": root.serial_number,
        "public_url": settings.PUBLIC_URL,
        "list": {
            "number": last.number + 1 if last else 1,
            "this_update": this_update.isoformat(),
            "next_update": until.isoformat(),
            "entries": [bytes(entry).hex() for entry in publication.entries_of_cas(root)],
        },
        "certificates": [
            {
                "role": role,
                "slug": name,
                "common_name": common_name,
                "public_key": key.public_bytes(
                    Encoding.DER, PublicFormat.SubjectPublicKeyInfo
                ).hex(),
                "serial": serials.new_serial(),
                "not_before": max(now - ceremony.RESPONDER_BACKDATED, root.not_before).isoformat(),
                "not_after": min(ends, root.not_after).isoformat(),
            }
            for role, name, common_name, key, ends in _wanted(root, until=until, now=now)
        ],
    }


def summary(request: bytes) -> list[str]:
    """Return what a request asks for, line by line: two people compare it on both machines, as
    whoever carries the file could have exchanged a key in it. Raises Refused."""
    asked = _read(request)
    listed = asked["list"]
    entries = f"{len(listed['entries'])} entries, until {listed['next_update'][:10]}"
    lines = [f"{asked['root']} {asked['root_serial']}: list {listed['number']}, {entries}"]
    for one in asked["certificates"]:
        key = hashlib.sha256(bytes.fromhex(one["public_key"])).hexdigest()
        named = f"{one['role']} {one['slug']} ({one['common_name']})"
        lines.append(f"{named}, until {one['not_after'][:10]}, key {key}")
    return lines


def sign(request: bytes, folder: Path, *, passphrase: str, people: str, now: datetime) -> bytes:
    """Return the root's answer to a request; asks no database. Raises KeyFault, Refused."""
    asked = _read(request)
    slug = str(asked["root"])
    issuer = _opened(folder, slug, passphrase)
    if serials.text(issuer.certificate.serial_number) != asked["root_serial"]:
        raise refuse("other_root", _("Tệp đề nghị dành cho CA gốc khác."))
    addresses = Addresses(asked["public_url"], slug)
    certificates = []
    for one in asked["certificates"]:
        certify: Callable[..., x509.Certificate] = issuer.certify_ca
        if one["role"] == Role.OCSP:
            certify = partial(issuer.certify_service, purpose=ExtendedKeyUsageOID.OCSP_SIGNING)
        made = certify(
            load_public_key(bytes.fromhex(one["public_key"])),
            name=ceremony.name_of(one["common_name"]),
            serial=serials.number(one["serial"]),
            not_before=datetime.fromisoformat(one["not_before"]),
            not_after=datetime.fromisoformat(one["not_after"]),
            addresses=addresses,
        )
        der = made.public_bytes(Encoding.DER).hex()
        certificates.append({"role": one["role"], "slug": one["slug"], "der": der})
    listed = asked["list"]
    content = {
        "format": FORMAT,
        "root": slug,
        "request": hashlib.sha256(request).hexdigest(),
        "people": people,
        "signed_at": now.isoformat(),
        "certificates": certificates,
        "list": crl.build(
            issuer,
            number=listed["number"],
            this_update=datetime.fromisoformat(listed["this_update"]),
            next_update=datetime.fromisoformat(listed["next_update"]),
            entries=[bytes.fromhex(entry) for entry in listed["entries"]],
        ).hex(),
    }
    log = json.dumps(content, ensure_ascii=False, sort_keys=True)
    return json.dumps({"log": log, "signature": issuer.sign(log.encode()).hex()}).encode()


@transaction.atomic
def bring_in(answer: bytes, *, now: datetime) -> list[str]:
    """Enter what the root has signed and return its names; raises Refused, nothing entered then."""
    whole = _read(answer)
    log = str(whole.get("log", ""))
    signed = _read(log.encode())
    root = _root(str(signed.get("root", "")), lock=True)
    certificate = x509.load_der_x509_certificate(bytes(root.certificate))
    if not _is_signed(certificate, log.encode(), str(whole.get("signature", ""))):
        raise refuse("not_the_roots", _("Chữ ký trên tệp trả lời không phải của CA gốc."))
    listed = x509.load_der_x509_crl(bytes.fromhex(signed["list"]))
    number = listed.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    last = publication.latest(root.slug)
    if last is not None and number <= last.number:
        raise refuse("answered_before", _("Tệp trả lời này đã được nhập, hoặc đã có tệp mới hơn."))
    wanted = {
        (role, name): key for role, name, _cn, key, _ends in _wanted(root, until=now, now=now)
    }
    made, files = [], {}
    for one in signed["certificates"]:
        its = x509.load_der_x509_certificate(bytes.fromhex(one["der"]))
        try:
            its.verify_directly_issued_by(certificate)
        except (ValueError, InvalidSignature) as error:
            raise refuse("not_the_roots", _("Chứng thư trong tệp không do CA gốc ký.")) from error
        key = wanted.get((one["role"], one["slug"]))
        if key is None or its.public_key() != key:
            raise refuse("other_key", _("Chứng thư trong tệp trả lời không thuộc khóa của cổng."))
        if one["role"] == Role.ISSUING:
            files[one["slug"]] = its
        else:
            rows = Authority.objects.filter(slug=one["slug"], signed_by=root.slug, is_current=True)
            rows.update(is_current=False)
            row = ceremony.row_of(one["role"], its, slug=one["slug"], signed_by=root.slug)
            row.save(force_insert=True)
        made.append(f"{one['role']} {one['slug']}")
    if listed.next_update_utc is None:
        raise refuse("unreadable", _("Danh sách thu hồi không có ngày hết hạn."))
    Crl.objects.create(
        ca=root.slug,
        number=number,
        this_update=listed.last_update_utc,
        next_update=listed.next_update_utc,
        der=bytes.fromhex(signed["list"]),
        entries=len(listed),
    )
    data = {
        "made": [*made, f"crl {number}"],
        "people": signed["people"],
        "signed_at": signed["signed_at"],
        "log": hashlib.sha256(log.encode()).hexdigest(),
    }
    act = Act(action="ca.bring_in", target_type="authority", target_uuid=None, data=data)
    record(act, actor=None, now=now)
    for slug, its in files.items():  # what follows of it: manage.py ca issuing next
        keystore.save_certificate(slug, its)
    return [*made, f"crl {number}"]


def _wanted(
    root: Authority, *, until: datetime, now: datetime
) -> Iterator[tuple[str, str, str, PublicKey, datetime]]:
    """Yield role, slug, name, key and end of each certificate the root is asked for."""
    responder = keystore.load_key(Role.OCSP, certificate=None).public_key()
    yield Role.OCSP, Role.OCSP, ceremony.RESPONDER_NAME, responder, until
    known = Authority.objects.filter(role__in=(Role.ISSUING, Role.CROSS), is_current=True)
    have = set(known.values_list("slug", "signed_by"))
    for one in Authority.objects.issuing():
        if (one.slug, root.slug) not in have and one.not_after > now:
            its = x509.load_der_x509_certificate(bytes(one.certificate))
            key = its.public_key()
            assert isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey)
            yield Role.CROSS, one.slug, one.name, key, one.not_after
    slug, name = ceremony.next_of(Role.ISSUING)
    if keystore.has_key(slug) and not keystore.certificate_path(slug).exists():
        key = keystore.load_key(slug, certificate=None).public_key()
        yield Role.ISSUING, slug, name, key, now + ceremony.ISSUING_LIFETIME


def _root(slug: str, *, lock: bool = False) -> Authority:
    rows = Authority.objects.filter(role=Role.ROOT, slug=slug, is_current=True)
    root = (rows.select_for_update(no_key=True) if lock else rows).first()
    if root is None:
        raise refuse("no_such_ca", _("Không có CA gốc này."))
    return root


def _opened(folder: Path, slug: str, passphrase: str) -> Issuer:
    """Return the root of ``folder``; raises Refused when the passphrases do not open it."""
    try:
        certificate = x509.load_pem_x509_certificate((folder / f"{slug}.crt").read_bytes())
        key = load_pem_private_key((folder / f"{slug}.key").read_bytes(), passphrase.encode())
    except (OSError, ValueError) as error:
        raise refuse("not_opened", _("Không mở được khóa gốc: sai mật khẩu hoặc tệp.")) from error
    assert isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
    if key.public_key() != certificate.public_key():
        raise refuse("foreign_key", _("Khóa và chứng thư trong thư mục không phải một cặp."))
    return Issuer(certificate, key)


def _is_signed(certificate: x509.Certificate, data: bytes, signature_hex: str) -> bool:
    key = certificate.public_key()
    try:
        signature = bytes.fromhex(signature_hex)
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, data, padding.PKCS1v15(), hashes.SHA256())
        else:
            assert isinstance(key, ec.EllipticCurvePublicKey)
            key.verify(signature, data, ec.ECDSA(hash_for(key)))
    except (InvalidSignature, ValueError):
        return False
    return True


def _read(content: bytes) -> dict[str, Any]:
    try:
        read = json.loads(content)
    except ValueError as error:
        raise refuse("unreadable", _("Tệp không đọc được.")) from error
    if not isinstance(read, dict) or read.get("format", FORMAT) != FORMAT:
        raise refuse("unreadable", _("Tệp không đọc được."))
    return read
