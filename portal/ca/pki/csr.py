"""PKCS#10 requests (RFC 2986) from agencies: read with suspicion, whatever the bytes are.

A key that is made at the agency (HSM, soft key) comes in such a request; its signature proves that
whoever made it holds the private half. Of the request the CA takes the key alone: subject and
extensions are its own. A request that asks for something else is refused all the same, so that
nobody believes to have got it. A request is small, so the work on a hostile one is bounded too.
"""

from __future__ import annotations

import binascii
import hashlib
import re
import ssl
import warnings
from base64 import b64decode
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePath

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.ca.pki.profiles import PublicKey, algorithm_name
from portal.ca.pki.weak_keys import STRENGTH, key_problem
from portal.core.rules import Refused, Violation, refuse
from portal.core.text.numbers import with_dots
from portal.core.text.vietnamese import search_key

FORM = "RFC 2986"
MAX_DER_BYTES = 2880
MAX_TEXT = 4000  # characters of the largest request as PEM
MAX_FILE_BYTES = 32 * 1024  # some tools write the request in words before the block
MOST_SUBJECT_PARTS = 12
MOST_ATTRIBUTES = 8
MOST_EXTENSIONS = 10
MOST_NAMES = 10
ENDINGS = (".csr", ".pem", ".der", ".p10", ".req")
_DER_ENDINGS, _PEM_ENDINGS = (".der",), (".pem",)
_HASHES = frozenset({"sha256", "sha384", "sha512"})
_LABELS = frozenset({"CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"})
# Attributes in which extensions are asked for: the standard's, and the one of Windows before it.
_EXTENSION_REQUESTS = frozenset({"1.2.840.113549.1.9.14", "1.3.6.1.4.1.311.2.1.14"})
# What turns a subscriber's certificate into something else, and what the user is told it is.
_DANGEROUS = {
    ExtendedKeyUsageOID.OCSP_SIGNING: gettext_lazy("ký trả lời OCSP thay CA"),
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE: gettext_lazy("dùng cho mọi mục đích"),
    ExtendedKeyUsageOID.TIME_STAMPING: gettext_lazy("cấp dấu thời gian"),
    ExtensionOID.OCSP_NO_CHECK: gettext_lazy("không bao giờ bị kiểm tra thu hồi"),
    ExtensionOID.NAME_CONSTRAINTS: gettext_lazy("giới hạn tên (chỉ dành cho CA)"),
    ExtensionOID.POLICY_CONSTRAINTS: gettext_lazy("ràng buộc chính sách (chỉ dành cho CA)"),
}
_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]{1,60})-----([^-]*)-----END ([A-Z0-9 ]{1,60})-----")
# What reading hostile DER raises; each means the same: it can't be read.
_UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)


@dataclass(frozen=True, slots=True)
class KeyRequest:
    """A request found good: its key, and what it asks for.

    ``asked_names`` are the alternative names as text, in lower case.
    """

    public_key: bytes  # DER SubjectPublicKeyInfo
    algorithm: str  # "rsa-3072"
    fingerprint: str  # SHA-256 of public_key, hex
    common_name: str
    asked_names: tuple[str, ...]

    def misfits(self, *, names: Collection[str], addresses: Collection[str]) -> list[Violation]:
        """Return why a good request is not one for the row it stands in.

        ``names`` are what its CN may say (case and marks apart: not every device writes
        Vietnamese), ``addresses`` the alternative names it may ask for.
        """
        found = []
        if search_key(self.common_name) not in {search_key(name) for name in names if name}:
            found.append(
                _violation(
                    "csr_other_name",
                    _("Tệp PKCS#10 ghi tên (CN) “%(cn)s”, không phải tên ở dòng này.")
                    % {"cn": self.common_name},
                    _("Chọn đúng tệp của dòng này, hoặc tạo lại tệp với CN là tên ở dòng này."),
                )
            )
        allowed = {address.lower() for address in addresses if address}
        if other := [name for name in self.asked_names if name not in allowed]:
            found.append(
                _violation(
                    "csr_other_address",
                    _("Tệp PKCS#10 xin thêm tên “%(name)s” mà dòng này không đề nghị.")
                    % {"name": other[0]},
                    _("Tạo lại tệp chỉ với tên miền, thư điện tử ở dòng này, hoặc không xin thêm."),
                )
            )
        return found


def text_of_file(name: str, content: bytes) -> str:
    """Return the request in an uploaded file as PEM; raises Refused for what is no sound request.

    The file has to be what its name says: a .pem is text, a .der binary, the others are either.
    """
    ending = PurePath(name.lower()).suffix
    if ending not in ENDINGS:
        raise _refused(
            "csr_file_name",
            _("Tệp phải có đuôi %(endings)s.") % {"endings": ", ".join(ENDINGS)},
            _("Xuất tệp đề nghị PKCS#10 từ thiết bị hoặc phần mềm tạo khóa."),
        )
    if len(content) > MAX_FILE_BYTES:
        raise _too_large()
    is_binary = content[:1] == b"\x30"
    if ending in (_PEM_ENDINGS if is_binary else _DER_ENDINGS):
        raise _refused(
            "csr_not_as_named",
            _("Tệp có đuôi %(ending)s nhưng nội dung không phải dạng đó.") % {"ending": ending},
            _("Xuất lại tệp, hoặc đặt đúng đuôi: .pem cho dạng chữ, .der cho dạng nhị phân."),
        )
    text = pem(content) if is_binary else content.decode("utf-8-sig", errors="replace")
    read(text)
    return pem(_der_of(text))


@lru_cache(maxsize=4096)
def read(text: str) -> KeyRequest:
    """Return the one request in ``text`` (PEM; line breaks may have become spaces).

    Raises Refused with everything that is wrong with it.
    """
    der = _der_of(text)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd names: they are judged here
        try:
            request = x509.load_der_x509_csr(der)
            key = request.public_key()
            if problem := key_problem(key):
                raise Refused(problem)  # nothing is reckoned with a key that may be monstrous
            assert isinstance(key, PublicKey)
            found = [
                *_signature_problems(request),
                *_subject_problems(request),
                *_extra_problems(request),
            ]
            if found:
                raise Refused(*found)
            public = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            return KeyRequest(
                public_key=public,
                algorithm=algorithm_name(key),
                fingerprint=hashlib.sha256(public).hexdigest(),
                common_name=_common_names(request)[0],
                asked_names=tuple(_asked_names(request)),
            )
        except _UNREADABLE as error:
            raise _refused(
                "csr_unreadable",
                _("Không đọc được tệp PKCS#10: nội dung bị hỏng hoặc không đúng dạng."),
                _("Xuất lại tệp từ thiết bị hoặc phần mềm tạo khóa rồi tải lên nguyên vẹn."),
            ) from error


def pem(der: bytes) -> str:
    """Return a request as PEM."""
    certificate = ssl.DER_cert_to_PEM_cert(der)
    return certificate.replace(" CERTIFICATE-", " CERTIFICATE REQUEST-")


def _der_of(text: str) -> bytes:
    """Return the bytes of the one request in ``text``; raises Refused."""
    if len(text) > MAX_FILE_BYTES:
        raise _too_large()
    if "PRIVATE KEY-----" in text:
        raise _refused(
            "csr_private_key",
            _("Nội dung có khóa bí mật. Khóa bí mật không bao giờ được gửi đi."),
            _("Coi khóa này là đã lộ: xóa đi, tạo cặp khóa mới và chỉ gửi tệp PKCS#10."),
        )
    blocks = [match for match in _BLOCK.finditer(text) if match[1] in _LABELS]
    if len(blocks) > 1:
        raise _refused(
            "csr_several",
            _("Tệp có %(count)s đề nghị PKCS#10; mỗi dòng chỉ nhận một.")
            % {"count": with_dots(len(blocks))},
            _("Tải lên từng tệp cho từng dòng."),
        )
    if not blocks or blocks[0][1] != blocks[0][3]:
        raise _refused(
            "not_a_csr",
            _("Nội dung không phải đề nghị PKCS#10 (-----BEGIN CERTIFICATE REQUEST-----)."),
            _("Xuất tệp đề nghị chứng thư (CSR) từ thiết bị, phần mềm; không phải tệp chứng thư."),
        )
    try:
        der = b64decode("".join(blocks[0][2].split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _refused(
            "csr_unreadable",
            _("Không đọc được tệp PKCS#10: phần mã base64 bị hỏng."),
            _("Chép lại nguyên vẹn từ dòng BEGIN đến dòng END."),
        ) from error
    if len(der) > MAX_DER_BYTES:
        raise _too_large()
    return der


def _signature_problems(request: x509.CertificateSigningRequest) -> Iterator[Violation]:
    chosen = request.signature_hash_algorithm
    if chosen is None or chosen.name not in _HASHES:
        name = chosen.name.upper() if chosen else "?"
        yield Violation(
            "csr_hash",
            _("Tệp PKCS#10 ký bằng hàm băm %(name)s đã lỗi thời hoặc không được nhận.")
            % {"name": name},
            STRENGTH,
            way_out=_("Tạo lại tệp với SHA-256 trở lên."),
        )
    elif not _is_signed(request):
        yield _violation(
            "csr_signature",
            _("Chữ ký trong tệp PKCS#10 không khớp với khóa: tệp bị sửa hoặc không phải của khóa."),
            _("Tạo lại tệp từ chính thiết bị, phần mềm giữ khóa bí mật."),
        )


def _is_signed(request: x509.CertificateSigningRequest) -> bool:
    try:
        return request.is_signature_valid
    except (*_UNREADABLE, InvalidSignature):
        return False


def _common_names(request: x509.CertificateSigningRequest) -> list[str]:
    found = request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return [one.value if isinstance(one.value, str) else "" for one in found]


def _subject_problems(request: x509.CertificateSigningRequest) -> Iterator[Violation]:
    if len(list(request.subject)) > MOST_SUBJECT_PARTS:
        yield _violation(
            "csr_long_subject",
            _("Tên chủ thể trong tệp PKCS#10 có quá nhiều thành phần (tối đa %(most)s).")
            % {"most": with_dots(MOST_SUBJECT_PARTS)},
            _("Tạo lại tệp với tên chủ thể gồm C, O, CN."),
        )
    names = _common_names(request)
    if len(names) != 1 or not names[0].strip():
        yield _violation(
            "csr_no_name",
            _("Tệp PKCS#10 phải ghi đúng một tên (CN), là tên ở dòng này."),
            _("Tạo lại tệp với CN là tên người, cơ quan hoặc thiết bị, dịch vụ, phần mềm."),
        )


def _extra_problems(request: x509.CertificateSigningRequest) -> Iterator[Violation]:
    """Yield what is wrong with the attributes and the extensions asked for in one of them."""
    attributes = [attribute.oid.dotted_string for attribute in request.attributes]
    requests = [oid for oid in attributes if oid in _EXTENSION_REQUESTS]
    if len(attributes) > MOST_ATTRIBUTES or len(requests) > 1:
        yield _violation(
            "csr_attributes",
            _("Tệp PKCS#10 có quá nhiều thuộc tính kèm theo (tối đa %(most)s, mỗi loại một).")
            % {"most": with_dots(MOST_ATTRIBUTES)},
            _("Tạo lại tệp không kèm thuộc tính."),
        )
    extensions = request.extensions
    if len(extensions) > MOST_EXTENSIONS or len(list(_asked_names(request))) > MOST_NAMES:
        yield _violation(
            "csr_extensions",
            _("Tệp PKCS#10 xin quá nhiều: tối đa %(extensions)d phần mở rộng, %(names)d tên khác.")
            % {"extensions": MOST_EXTENSIONS, "names": MOST_NAMES},
            _("Tạo lại tệp không xin phần mở rộng; Cục tự ghi theo loại chứng thư."),
        )
    values = [extension.value for extension in extensions]
    if any(
        (isinstance(value, x509.BasicConstraints) and value.ca)
        or (isinstance(value, x509.KeyUsage) and (value.key_cert_sign or value.crl_sign))
        for value in values
    ):
        yield _violation(
            "csr_asks_ca",
            _("Tệp PKCS#10 xin quyền của một CA (ký chứng thư khác); thuê bao không được cấp."),
            _("Tạo lại tệp bằng cấu hình cho thuê bao, không có CA:TRUE."),
        )
    dangerous = [_DANGEROUS[one.oid] for one in extensions if one.oid in _DANGEROUS] + [
        _DANGEROUS[usage]
        for value in values
        if isinstance(value, x509.ExtendedKeyUsage)
        for usage in value
        if usage in _DANGEROUS
    ]
    if dangerous:
        yield _violation(
            "csr_dangerous",
            _("Tệp PKCS#10 xin quyền không cấp cho thuê bao: %(what)s.")
            % {"what": ", ".join(map(str, dangerous))},
            _("Tạo lại tệp không xin các quyền này; Cục tự ghi theo loại chứng thư."),
        )
    unknown = [
        extension.oid.dotted_string
        for extension in extensions
        if extension.critical and isinstance(extension.value, x509.UnrecognizedExtension)
    ]
    if unknown:
        yield _violation(
            "csr_unknown_critical",
            _("Tệp PKCS#10 xin phần mở rộng bắt buộc không rõ nghĩa (%(oid)s).")
            % {"oid": unknown[0]},
            _("Tạo lại tệp không xin phần mở rộng này."),
        )


def _asked_names(request: x509.CertificateSigningRequest) -> Iterator[str]:
    """Return the alternative names asked for; what is no address by its kind, so it fits no row."""
    for extension in request.extensions:
        if extension.oid != ExtensionOID.SUBJECT_ALTERNATIVE_NAME:
            continue
        assert isinstance(extension.value, x509.SubjectAlternativeName)
        for name in extension.value:
            is_plain = isinstance(name, x509.DNSName | x509.RFC822Name | x509.IPAddress)
            yield str(name.value).lower() if is_plain else type(name).__name__


def _too_large() -> Refused:
    return _refused(
        "csr_too_large",
        _("Tệp PKCS#10 quá lớn: một đề nghị không quá %(most)d byte.") % {"most": MAX_DER_BYTES},
        _("Tạo lại tệp với khóa không quá 8192 bit, không kèm thuộc tính, tên thừa."),
    )


def _violation(code: str, message: str, way_out: str) -> Violation:
    return Violation(code, message, FORM, way_out=way_out)


def _refused(code: str, message: str, way_out: str) -> Refused:
    return refuse(code, message, article=FORM, way_out=way_out)
