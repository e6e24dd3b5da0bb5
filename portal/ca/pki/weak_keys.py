"""Public keys that must not be certified: too short, odd parameters, factors anybody finds.

Sizes: Thông tư 15/2025/TT-BKHCN (RSA 2048, ECDSA 256; DOMAIN 5.3). The tests for bad primes are
those of the CA/Browser Forum's Baseline Requirements (6.1.1.3) and that for CVE-2017-15361.
"""

from __future__ import annotations

import math

from cryptography.hazmat.primitives.asymmetric import ec, rsa
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
# A square ends so in base 256: most numbers need no root taken to know they are none.
_ENDS_OF_SQUARES = frozenset(number * number % 256 for number in range(256))


def key_problem(key: object) -> Violation | None:
    """Return why ``key`` must not be certified, or None."""
    if isinstance(key, rsa.RSAPublicKey):
        return _rsa_problem(key)
    if isinstance(key, ec.EllipticCurvePublicKey):
        if key.curve.name in CURVES:
            return None
        return _problem(
            "csr_curve",
            _("Khóa ECDSA dùng đường cong %(curve)s; chỉ nhận P-256 và P-384.")
            % {"curve": key.curve.name},
            _("Tạo cặp khóa mới trên P-256 hoặc P-384."),
        )
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
        return _problem(
            "csr_weak_key",
            _("Khóa RSA này thuộc loại yếu đã biết: người khác tính ra được khóa bí mật."),
            _("Cập nhật phần mềm, thiết bị tạo khóa rồi tạo cặp khóa mới."),
        )
    return None


def _has_close_primes(modulus: int) -> bool:
    """Fermat's method: n = a² - b² is found at once when the primes lie close together."""
    start = math.isqrt(modulus - 1) + 1
    for a in range(start, start + FERMAT_ROUNDS):
        rest = a * a - modulus
        if rest % 256 in _ENDS_OF_SQUARES and math.isqrt(rest) ** 2 == rest:
            return True
    return False


def _problem(code: str, message: str, way_out: str) -> Violation:
    return Violation(code, message, STRENGTH, way_out=way_out)
