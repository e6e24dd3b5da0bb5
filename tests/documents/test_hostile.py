"""No file made to deceive or to harm is accepted; good ones are, here as by other verifiers."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import time
from collections.abc import Sequence
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from asn1crypto import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from portal.documents import verification
from portal.documents.roles import SignatureRole
from portal.documents.signing import Place
from portal.documents.verification import Frozen, Registered, SignatureReport
from tests.documents import hostile, small_ca
from tests.documents.hostile import Case
from tests.documents.small_ca import NOW, holder

LATER = NOW + timedelta(days=1)
LONGEST_SECONDS = 20


def register(ders: Sequence[bytes]) -> dict[bytes, Registered]:
    """A head and the body, somebody of another body, and two whose keys were revoked."""
    head = Registered(SignatureRole.HEAD, 1, "Xã", None)
    known = {
        hostile.HEAD.der: head,
        hostile.BODY.der: head._replace(role=SignatureRole.ORGANISATION),
        hostile.OTHER.der: head._replace(agency_pk=2),
        holder("Đã thu hồi").der: head._replace(revoked_at=NOW - timedelta(days=2)),
        holder("Thu hồi sau").der: head._replace(revoked_at=NOW + timedelta(hours=3)),
    }
    return {der: known[der] for der in ders if der in known}


def check(case: Case) -> list[SignatureReport]:
    letter = hostile.frozen()
    places = [Place(0, hostile.HEAD_BOX)]
    frozen = Frozen(hashlib.sha256(letter).hexdigest(), len(letter), places)
    return verification.verify(
        case.pdf,
        trust=[small_ca.root().der],
        now=LATER,
        register=register,
        frozen=frozen if case.is_frozen else None,
    )


@pytest.fixture(scope="module")
def good() -> list[Case]:
    return hostile.cases(hostile.GOOD)


def test_no_hostile_file_is_accepted() -> None:
    made = hostile.cases(hostile.MAKERS)
    accepted, slow = [], []
    for case in made:
        began = time.monotonic()
        try:
            reports = check(case)
        except (verification.Unreadable, verification.Encrypted, verification.TooHeavy):
            reports = []
        if reports and all(one.is_valid for one in reports):
            accepted.append(case.name)
        if time.monotonic() - began > LONGEST_SECONDS:
            slow.append(case.name)

    assert len(made) >= 100
    assert (accepted, slow) == ([], [])


def test_good_files_are_accepted(good: list[Case]) -> None:
    refused = {
        case.name: found
        for case in good
        if (found := [one.problems for one in check(case)]) != [()] * len(found) or not found
    }

    assert len(good) >= 30
    assert refused == {}


def test_pyhanko_accepts_the_good_files(good: list[Case]) -> None:
    trusted = [x509.Certificate.load(small_ca.root().der)]
    refused = []
    for case in good:
        reader = PdfFileReader(BytesIO(case.pdf))
        for one in reader.embedded_regular_signatures:
            context = ValidationContext(trust_roots=trusted, moment=NOW, allow_fetching=False)
            if not validate_pdf_signature(one, context).bottom_line:
                refused.append(case.name)

    assert refused == []


@pytest.mark.skipif(not shutil.which("pdfsig"), reason="no poppler at hand")
def test_poppler_accepts_the_good_files(good: list[Case], tmp_path: Path) -> None:
    refused = []
    for case in good:
        path = tmp_path / "a.pdf"
        path.write_bytes(case.pdf)
        said = subprocess.run(
            ["pdfsig", "-nocert", str(path)], capture_output=True, text=True, check=False
        ).stdout
        if "Signature is Valid." not in said or "Signature is Invalid" in said:
            refused.append(case.name)

    assert refused == []
