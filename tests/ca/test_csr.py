"""PKCS#10 requests: what is taken, what is refused and why, and that no bytes bring it down."""

from __future__ import annotations

import hashlib
import math
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.ca.models import Storage
from portal.ca.pki import csr
from portal.ca.pki.csr import KeyRequest
from portal.ca.pki.profiles import PrivateKey, algorithm_name
from portal.ca.tokens import outside_keys
from portal.ca.tokens.outside_keys import OutsideKey
from portal.core.rules import Refused, Violation
from portal.core.text.vietnamese import nfc
from tests.builders import NOW
from tests.ca import requests

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is missing")


def codes(text: str) -> list[str]:
    """Return why ``text`` is refused; [] when it is not."""
    violations: Sequence[Violation] = ()
    try:
        csr.read(text)
    except Refused as refusal:
        violations = refusal.violations
    assert all(one.message and one.article and one.way_out for one in violations)
    return [one.code for one in violations]


def codes_of(der: bytes) -> list[str]:
    return codes(csr.pem(der))


def codes_of_file(name: str, content: bytes) -> list[str]:
    try:
        csr.text_of_file(name, content)
    except Refused as refusal:
        return [one.code for one in refusal.violations]
    return []


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (requests.rsa_key(), "rsa-2048"),
        (requests.ec_key(), "ec-p256"),
        (requests.ec_key(ec.SECP384R1()), "ec-p384"),
    ],
)
def test_a_sound_request_gives_its_key(key: PrivateKey, algorithm: str) -> None:
    read = csr.read(requests.pem(key, extensions=requests.domains("DVC.laichau.gov.vn")))

    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert read.public_key == public
    assert read.algorithm == algorithm
    assert read.common_name == requests.NAME
    assert read.asked_names == ("dvc.laichau.gov.vn",)


def test_line_breaks_lost_on_the_way_do_not_matter() -> None:
    text = requests.pem()

    assert "\n" not in nfc(text)
    assert csr.read(nfc(text)) == csr.read(text)


def test_one_key_has_one_fingerprint_however_its_point_is_written() -> None:
    key = requests.ec_key()
    public = key.public_key()
    full = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    assert full in requests.der(key)
    first, second = csr.read(requests.pem(key)), csr.read(requests.pem(key, name="Tên khác"))

    assert first.fingerprint == second.fingerprint


@pytest.mark.parametrize(
    ("der", "expected"),
    [
        (requests.der(requests.rsa_key(1024)), "csr_key_size"),
        (requests.der(requests.rsa_key(exponent=3)), "csr_exponent"),
        (requests.der(requests.ec_key(ec.SECP521R1())), "csr_curve"),
        (requests.der(requests.ec_key(ec.SECP256K1())), "csr_curve"),
        (requests.der(hash_=hashes.SHA224()), "csr_hash"),
        (requests.der(name=""), "csr_no_name"),
        (requests.der(units=12), "csr_long_subject"),
        (requests.der(attributes=8), ""),
        (requests.der(attributes=9), "csr_attributes"),
    ],
)
def test_what_is_weak_or_too_much_is_refused_with_its_reason(der: bytes, expected: str) -> None:
    assert codes_of(der) == ([expected] if expected else [])


def test_a_key_that_is_neither_rsa_nor_ecdsa_is_refused() -> None:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, requests.NAME)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    made = builder.sign(ed25519.Ed25519PrivateKey.generate(), None)

    assert codes_of(made.public_bytes(Encoding.DER)) == ["csr_key_kind"]


def _odd_modulus_with(factor: int) -> int:
    other = ((1 << 2047) // factor + (1 << 1800)) | 1
    return factor * other


def _close_primes() -> int:
    middle = (3 << 1022) + 2**500
    while math.gcd(middle - 1, 30030) != 1 or math.gcd(middle + 1, 30030) != 1:
        middle += 2
    return (middle - 1) * (middle + 1)


def _roca() -> int:
    primes = (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157)
    product = math.prod(primes)
    start = pow(65537, 12345, product)
    return start + product * (((1 << 2047) // product) | 1) + product * 2


@pytest.mark.parametrize(
    "modulus",
    [_odd_modulus_with(751), _close_primes(), _roca()],
    ids=["small factor", "close primes", "CVE-2017-15361"],
)
def test_keys_whose_factors_are_known_are_refused(modulus: int) -> None:
    assert codes_of(requests.with_modulus(modulus)) == ["csr_weak_key"]


def test_a_signature_that_is_not_the_keys_is_refused() -> None:
    made = bytearray(requests.der(requests.rsa_key()))
    made[-1] ^= 1

    assert codes_of(bytes(made)) == ["csr_signature"]


@needs_openssl
@pytest.mark.parametrize("hash_", ["md5", "sha1"])
def test_a_signature_by_a_broken_hash_is_refused(hash_: str, tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_bytes(
        requests.rsa_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    made = subprocess.run(
        ["openssl", "req", "-new", f"-{hash_}", "-key", str(key), "-subj", "/CN=May chu"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert codes(made.stdout) == ["csr_hash"]


def test_a_request_for_the_powers_of_a_ca_is_refused() -> None:
    of_a_ca = x509.BasicConstraints(ca=True, path_length=None)
    of_a_subscriber = x509.BasicConstraints(ca=False, path_length=None)

    assert codes_of(requests.der(extensions=[(of_a_ca, True)])) == ["csr_asks_ca"]
    assert codes_of(requests.der(extensions=[(of_a_subscriber, True)])) == []


def test_an_unknown_extension_is_refused_when_it_is_critical() -> None:
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.7"), b"\x05\x00")

    assert codes_of(requests.der(extensions=[(unknown, True)])) == ["csr_unknown_critical"]
    assert codes_of(requests.der(extensions=[(unknown, False)])) == []


@pytest.mark.parametrize(("count", "expected"), [(10, []), (11, ["csr_extensions"])])
def test_a_list_of_names_has_an_end(count: int, expected: list[str]) -> None:
    names = requests.domains(*(f"a{number}.laichau.gov.vn" for number in range(count)))

    assert codes_of(requests.der(extensions=names)) == expected


def test_too_large_a_request_is_not_even_read() -> None:
    names = requests.domains(*(f"may-chu-{number}.laichau.gov.vn" for number in range(150)))

    assert codes_of(requests.der(extensions=names)) == ["csr_too_large"]
    assert codes("x" * 100_000) == ["csr_too_large"]


def test_all_that_is_wrong_is_told_at_once() -> None:
    of_a_ca = x509.BasicConstraints(ca=True, path_length=None)
    made = requests.der(name="", hash_=hashes.SHA224(), extensions=[(of_a_ca, True)])

    assert codes_of(made) == ["csr_hash", "csr_no_name", "csr_asks_ca"]


def test_a_private_key_is_never_taken() -> None:
    key = requests.ec_key()
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    assert codes(secret) == ["csr_private_key"]
    assert codes(requests.pem(key) + secret) == ["csr_private_key"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["not_a_csr"]),
        ("xin chào", ["not_a_csr"]),
        ("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----", ["not_a_csr"]),
        (requests.pem().replace("END CERTIFICATE REQUEST", "END CERTIFICATE"), ["not_a_csr"]),
        (requests.pem() + requests.pem(), ["csr_several"]),
        (requests.pem().replace("M", "é", 1), ["csr_unreadable"]),
        (requests.pem().replace("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"), []),
        ("Certificate Request:\n  Data:\n" + requests.pem(), []),
    ],
)
def test_text_that_is_no_single_request_is_refused(text: str, expected: list[str]) -> None:
    assert codes(text) == expected


@pytest.mark.parametrize("ending", [".csr", ".der", ".p10"])
def test_a_binary_file_becomes_text(ending: str) -> None:
    der = requests.der()

    text = csr.text_of_file("MAY-CHU" + ending.upper(), der)

    assert csr.read(text) == csr.read(csr.pem(der))


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("may-chu.csr", requests.pem().encode(), []),
        ("may-chu.pem", b"\xef\xbb\xbf" + requests.pem().encode(), []),
        ("may-chu.txt", requests.pem().encode(), ["csr_file_name"]),
        ("may-chu", requests.pem().encode(), ["csr_file_name"]),
        ("may-chu.pem", requests.der(), ["csr_not_as_named"]),
        ("may-chu.der", requests.pem().encode(), ["csr_not_as_named"]),
        ("may-chu.csr", b"%PDF-1.7", ["not_a_csr"]),
        ("may-chu.csr", b"", ["not_a_csr"]),
        ("may-chu.der", b"\x30\x80", ["csr_unreadable"]),
        ("may-chu.csr", b"A" * 40_000, ["csr_too_large"]),
        ("may-chu.csr", requests.der(requests.rsa_key(1024)), ["csr_key_size"]),
    ],
)
def test_a_file_is_what_its_name_says(name: str, content: bytes, expected: list[str]) -> None:
    assert codes_of_file(name, content) == expected


@pytest.mark.parametrize(
    ("name", "asked", "expected"),
    [
        (requests.NAME, (), []),
        ("Cong dich vu cong tinh Lai Chau", (), []),
        ("dvc.laichau.gov.vn", ("dvc.laichau.gov.vn",), []),
        ("Lò Văn Lạ", (), ["csr_other_name"]),
        (requests.NAME, ("dvc.laichau.gov.vn", "bo.gov.vn"), ["csr_other_address"]),
    ],
)
def test_a_request_fits_the_row_by_its_name_and_addresses(
    name: str, asked: tuple[str, ...], expected: list[str]
) -> None:
    extensions = requests.domains(*asked) if asked else []
    read = csr.read(requests.pem(name=name, extensions=extensions))

    found = read.misfits(
        names=(requests.NAME, "dvc.laichau.gov.vn"),
        addresses=("DVC.laichau.gov.vn", "quantri@laichau.gov.vn", ""),
    )

    assert [one.code for one in found] == expected


WHOLE = (
    requests.der(requests.rsa_key(), extensions=requests.domains("dvc.laichau.gov.vn")),
    requests.der(extensions=[(x509.BasicConstraints(ca=False, path_length=None), True)]),
)


@settings(max_examples=600)
@given(
    whole=st.sampled_from(WHOLE),
    changes=st.lists(
        st.tuples(st.integers(0, 900), st.sampled_from("sdi"), st.binary(min_size=1, max_size=6)),
        max_size=6,
    ),
)
def test_no_damage_brings_the_reader_down(
    whole: bytes, changes: list[tuple[int, str, bytes]]
) -> None:
    made = bytearray(whole)
    for place, how, content in changes:
        start = place % (len(made) + 1)
        end = start + (0 if how == "i" else len(content))
        made[start:end] = b"" if how == "d" else content
    began = time.monotonic()

    found = codes_of(bytes(made))

    # What is not signed (how the signature is written) may say the same in other bytes.
    assert found or csr.read(csr.pem(bytes(made))) == csr.read(csr.pem(whole))
    assert time.monotonic() - began < 2


@given(st.one_of(st.text(max_size=300), st.binary(max_size=300)))
def test_no_garbage_brings_the_reader_down(content: str | bytes) -> None:
    if isinstance(content, str):
        assert codes(content)
    else:
        assert codes_of(content)
        assert codes_of_file("may-chu.csr", content)


def modulus(bits: int = 2048) -> int:
    return requests.rsa_key(bits).public_key().public_numbers().n


def patterned(text: bytes) -> int:
    octets = modulus().to_bytes(256)
    return int.from_bytes(octets[:100] + text + octets[100 + len(text) :])


def a_prime() -> int:
    return int(
        subprocess.run(
            ["openssl", "prime", "-generate", "-bits", "2048"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    )


@needs_openssl
def test_a_modulus_that_is_a_prime_is_refused() -> None:
    assert codes_of(requests.with_modulus(a_prime())) == ["csr_weak_key"]


@pytest.mark.parametrize(
    "text", [b"So giao duc va dao tao tinh Lai Chau", b"\xaa" * 12, bytes(range(7)) * 6]
)
def test_a_key_that_was_not_left_to_chance_is_refused(text: bytes) -> None:
    made = patterned(text) | 1
    while math.gcd(made, math.prod(range(3, 752, 2))) != 1:  # that is another fault
        made += 2

    assert codes_of(requests.with_modulus(made)) == ["csr_patterned_key"]


@pytest.mark.parametrize(
    "number",
    [
        1,
        2,
        0xE6CB5BDD80AA45AE9C95E8C15476679FFEC953C16851E711E743939589C64FC1,  # RFC 9500
        0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721,  # RFC 6979
    ],
)
def test_a_key_that_everybody_has_is_refused(number: int) -> None:
    key = ec.derive_private_key(number, ec.SECP256R1())

    assert codes_of(requests.der(key)) in (["csr_weak_key"], ["csr_published_key"])


@pytest.mark.parametrize(
    "extension",
    [
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]),
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]),
        x509.OCSPNoCheck(),
        x509.NameConstraints([x509.DNSName("gov.vn")], None),
    ],
)
def test_what_only_a_ca_has_is_refused_by_name(extension: x509.ExtensionType) -> None:
    assert codes_of(requests.der(extensions=[(extension, False)])) == ["csr_dangerous"]


@pytest.mark.django_db
def test_keys_with_a_common_prime_are_found_in_the_letter_and_in_the_register() -> None:
    numbers = requests.rsa_key().private_numbers()
    other = rsa.generate_private_key(65537, 2048).private_numbers()
    shared = KeyRequest(*_spki(numbers.p * other.q), "", ())
    first = KeyRequest(*_spki(numbers.p * numbers.q), "", ())
    strange = KeyRequest(*_spki(other.p * other.p), "", ())

    assert outside_keys.weak_together([first, shared]) == {first.fingerprint, shared.fingerprint}
    assert outside_keys.weak_together([first, strange]) == set()

    with transaction.atomic():
        outside_keys.take_in({shared.fingerprint: OutsideKey(shared, Storage.HSM)}, now=NOW)
    assert outside_keys.weak_together([first]) == {first.fingerprint}
    assert outside_keys.weak_together([shared]) == set()  # its own row is no other key


def _spki(modulus: int) -> tuple[bytes, str, str]:
    public = rsa.RSAPublicNumbers(65537, modulus).public_key()
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return der, algorithm_name(public), hashlib.sha256(der).hexdigest()
