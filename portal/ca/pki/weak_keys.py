"""Public keys that must not be certified: too short, odd parameters, factors anybody finds.

Sizes: Thông tư 15/2025/TT-BKHCN (RSA 2048, ECDSA 256; DOMAIN 5.3). Tests for bad primes are
those of the CA/Browser Forum's Baseline Requirements (6.1.1.3) and that for CVE-2017-15361. Keys of
Debian's faulty OpenSSL (CVE-2008-0166) are not looked for: no package holds their lists any more.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable
from functools import cache

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)
from django.utils.translation import gettext as _

from portal.ca.pki.signing import MIN_RSA_BITS
from portal.core.rules import Violation

STRENGTH = "Thông tư 15/2025/TT-BKHCN"
MAX_RSA_BITS = 8192  # a longer key costs every verifier more than it protects
MIN_EXPONENT, MAX_EXPONENT = 65537, 2**32 - 1
CURVES = frozenset({"secp256r1", "secp384r1"})
FERMAT_ROUNDS = 100
_SMALL_FACTORS_BELOW = 752


_SMALL_PRIMES = math.prod(
    n for n in range(2, _SMALL_FACTORS_BELOW) if all(n % d for d in range(2, math.isqrt(n) + 1))
)
# Of a key made by the faulty library, n modulo each of these is a power of 65537.
_ROCA_PRIMES = (
    11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157,
)  # fmt: skip
_ROCA_POWERS = {
    prime: frozenset(pow(65537, power, prime) for power in range(prime)) for prime in _ROCA_PRIMES
}
# SHA-256 of keys whose private half is printed: RFC 9500 (RSA-2048, P-256, P-384), RFC 6979 (A.2.5,
# A.2.6), RFC 9421 (B.1.2), RFC 7515 (A.3), RFC 7517 (A.1).
_PUBLISHED = frozenset(
    {
        "8fb6bad671cfe698393c453357da61b56d757ab8c0f3fb9c87f2849e63131878",
        "b2b04340cfaee616ec9c2c62d261b208e54bb197498df52e8cadede23ac0ba5e",
        "c4c10105a0be0ed4dd3354428dc38a9bfee64da141ce16e75c94eda272f9dd3a",
        "5a7a78cca4a0f420d9bc62bb669c3c2759e39f723d3ae10dcbe0f0815a07ecd4",
        "2f95601fa82060b909bfc6b979dbd303d34d34e0afb27ea496beac362f242a4b",
        "72859cbaf21a0b398b1f25712bbed148b1d85a0c6b824176eb306405caa6f0b2",
        "2bd1bb0c44a897c30a7aa0991cde38d8062fe441de50da0f46825344f602e827",
        "51b944cdfa544d4c3273aa6bf350625a7dd53bbb6a71723274f538b19a207760",
    }
)
_GUESSED_BELOW = 256  # private ECDSA keys that anybody would try first
# Of a random modulus none of these is seen once in a thousand million keys.
_LONGEST_RUN = re.compile(rb"(.)\1{7}|[0-9A-Za-z+/ ]{24}", re.DOTALL)
_LONGEST_PERIOD, _MOST_ALIKE = 64, 24  # bytes; how many stand again one period later
# A square ends so in base 256: most numbers need no root taken to know they are none.
_ENDS_OF_SQUARES = frozenset(number * number % 256 for number in range(256))


def key_problem(key: object) -> Violation | None:
    """Return why ``key`` must not be certified, or None."""
    if isinstance(key, rsa.RSAPublicKey):
        return _rsa_problem(key) or _published_problem(key)
    if isinstance(key, ec.EllipticCurvePublicKey):
        if key.curve.name not in CURVES:
            return _problem(
                "csr_curve",
                _("Khóa ECDSA dùng đường cong %(curve)s; chỉ nhận P-256 và P-384.")
                % {"curve": key.curve.name},
                _("Tạo cặp khóa mới trên P-256 hoặc P-384."),
            )
        if key.public_numbers().x in _guessed(key.curve.name):
            return _weak()
        return _published_problem(key)
    return _problem(
        "csr_key_kind",
        _("Khóa trong tệp PKCS#10 không phải RSA hay ECDSA."),
        _("Tạo cặp khóa RSA từ 2048 bit hoặc ECDSA P-256, P-384 rồi xuất lại tệp."),
    )


def _rsa_problem(key: rsa.RSAPublicKey) -> Violation | None:
    numbers = key.public_numbers()
    if not MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
        return _problem(
            "csr_key_size",
            _("Khóa RSA trong tệp PKCS#10 dài %(size)d bit; phải từ %(least)d đến %(most)d bit.")
            % {"size": key.key_size, "least": MIN_RSA_BITS, "most": MAX_RSA_BITS},
            _("Tạo cặp khóa RSA mới, nên dùng 3072 bit."),
        )
    if numbers.e % 2 == 0 or not MIN_EXPONENT <= numbers.e <= MAX_EXPONENT:
        return _problem(
            "csr_exponent",
            _("Số mũ công khai của khóa RSA không an toàn; thường dùng 65537."),
            _("Tạo cặp khóa RSA mới với số mũ 65537."),
        )
    is_roca = all(numbers.n % prime in _ROCA_POWERS[prime] for prime in _ROCA_PRIMES)
    if is_roca or math.gcd(numbers.n, _SMALL_PRIMES) != 1 or _has_close_primes(numbers.n):
        return _weak()
    if _is_patterned(numbers.n):
        return _problem(
            "csr_patterned_key",
            _("Khóa RSA này không ngẫu nhiên: trong khóa có chữ hoặc đoạn lặp lại."),
            _("Tạo cặp khóa mới bằng phần mềm, thiết bị thông thường, không chọn dạng của khóa."),
        )
    if pow(2, numbers.n - 1, numbers.n) == 1:  # Fermat: what is no product of two primes
        return _weak()
    return None


def _published_problem(key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey) -> Violation | None:
    public = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if hashlib.sha256(public).hexdigest() not in _PUBLISHED:
        return None
    return _problem(
        "csr_published_key",
        _("Đây là khóa mẫu in trong tài liệu kỹ thuật: ai cũng có khóa bí mật của nó."),
        _("Tạo cặp khóa mới trên thiết bị, phần mềm của cơ quan."),
    )


@cache
def _guessed(curve: str) -> frozenset[int]:
    """Return where on ``curve`` the first private keys lead; a key and its negative share it."""
    kind = ec.SECP256R1() if curve == "secp256r1" else ec.SECP384R1()
    keys = (ec.derive_private_key(number, kind) for number in range(1, _GUESSED_BELOW))
    return frozenset(key.public_key().public_numbers().x for key in keys)


def _is_patterned(modulus: int) -> bool:
    """Say whether the modulus was chosen for its looks, or made by what is no source of chance."""
    octets = modulus.to_bytes((modulus.bit_length() + 7) // 8)
    if _LONGEST_RUN.search(octets):
        return True
    return any(
        sum(map(int.__eq__, octets, octets[period:])) > _MOST_ALIKE
        for period in range(1, _LONGEST_PERIOD + 1)
    )


def modulus_of(public_key: bytes) -> int:
    """Return the modulus of an RSA key (DER SubjectPublicKeyInfo)."""
    key = load_der_public_key(public_key)
    assert isinstance(key, rsa.RSAPublicKey)
    return key.public_numbers().n


def shares_a_factor(modulus: int, others: Iterable[int]) -> bool:
    """Say whether one of ``others`` (itself aside) has a prime factor of ``modulus``.

    Then both private keys are known to whoever compares the two. Takes about 3 µs for each of them.
    """
    product = 1
    for other in others:
        if other != modulus:
            product = product * other % modulus
    return math.gcd(modulus, product) != 1


def _has_close_primes(modulus: int) -> bool:
    """Fermat's method: n = a² - b² is found at once when the primes lie close together."""
    start = math.isqrt(modulus - 1) + 1
    for a in range(start, start + FERMAT_ROUNDS):
        rest = a * a - modulus
        if rest % 256 in _ENDS_OF_SQUARES and math.isqrt(rest) ** 2 == rest:
            return True
    return False


def _weak() -> Violation:
    return _problem(
        "csr_weak_key",
        _("Khóa này thuộc loại yếu đã biết: người khác tính ra được khóa bí mật."),
        _("Cập nhật phần mềm, thiết bị tạo khóa rồi tạo cặp khóa mới."),
    )


def _problem(code: str, message: str, way_out: str) -> Violation:
    return Violation(code, message, STRENGTH, way_out=way_out)
