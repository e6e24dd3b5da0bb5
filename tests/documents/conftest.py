"""Letters and signed copies that several tests look at; each is made once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal.documents import letters, signing
from portal.documents.letters import Party
from portal.documents.roles import SignatureRole
from tests.documents import builders, small_ca
from tests.documents.small_ca import NOW

HEAD, AGENCY = "Lò Văn Thắng", "ỦY BAN NHÂN DÂN XÃ TÂN UYÊN"


def signed(pdf: bytes, role: SignatureRole, *, by: small_ca.Holder | None = None) -> bytes:
    """Return ``pdf`` signed by the head at NOW or by the agency 5 minutes later."""
    name = HEAD if role is SignatureRole.HEAD else AGENCY
    holder = by or small_ca.holder(name)
    return signing.sign_pdf(
        pdf,
        key=holder.key,
        certificate_der=holder.der,
        chain=[small_ca.root().der],
        role=role,
        signer_name=name,
        reason="Ký thử",
        now=NOW if role is SignatureRole.HEAD else NOW + timedelta(minutes=5),
    )


@pytest.fixture(scope="session")
def petition() -> bytes:
    """Mẫu 01 with 20 people: a wide list on landscape pages."""
    return letters.render(builders.petition(20))


@pytest.fixture(scope="session")
def recovery() -> bytes:
    """Mẫu 06: an upright list under a header of two tiers, two addressees."""
    return letters.render(builders.recovery())


@pytest.fixture(scope="session")
def refusal() -> bytes:
    """A named document without a list, of our own layout."""
    return letters.render(builders.refusal())


@pytest.fixture(scope="session")
def minutes() -> bytes:
    """Minutes that two parties sign side by side."""
    return letters.render(builders.minutes())


@pytest.fixture(scope="session")
def minutes_of_three() -> bytes:
    """Minutes of three parties, the issuer the last."""
    drafter, holder = Party("NGƯỜI LẬP BIÊN BẢN", name="Nguyễn Thị Hằng"), Party("THUÊ BAO")
    return letters.render(builders.minutes(drafter, holder, builders.GIVER))


@pytest.fixture(scope="session")
def signed_by_head(recovery: bytes) -> bytes:
    return signed(recovery, SignatureRole.HEAD)


@pytest.fixture(scope="session")
def signed_by_both(signed_by_head: bytes) -> bytes:
    return signed(signed_by_head, SignatureRole.ORGANISATION)
