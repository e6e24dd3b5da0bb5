"""Renewed and changed certificates as others see them: openssl, and whoever signs a letter."""

from __future__ import annotations

import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from portal.accounts.models import User
from portal.ca.models import Certificate
from portal.ca.register import installation, services
from requests_app.catalogue.mau_04_renew_change.prefill import row_of
from requests_app.execution import services as execution
from requests_app.models import Procedure, SigningMode
from requests_app.submission.signing_mode import (
    organisation_certificate,
    personal_certificate,
    signing_mode,
)
from tests import builders, story
from tests.builders import NOW
from tests.story import LATER

pytestmark = pytest.mark.usefixtures("ca")

KIND = "mau_04_renew_change"
NEW_EMAIL = {"new_email": "moi@laichau.gov.vn"}


def successor(old: Certificate) -> Certificate:
    return Certificate.objects.get(predecessor=old)


def said_of(certificate: Certificate, folder: Path, *wanted: str) -> str:
    """What openssl reads in a certificate."""
    path = folder / f"{certificate.serial}.pem"
    path.write_text(services.pem(bytes(certificate.der)))
    done = subprocess.run(
        ["openssl", "x509", "-noout", "-in", str(path), *wanted],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is missing")
def test_openssl_finds_the_old_key_in_both_and_the_old_end_in_the_changed_one(
    tmp_path: Path,
) -> None:
    people = story.cast(procedure=Procedure.RENEW_CHANGE)
    renewed, changed = (
        story.give_certificate(builders.person(name, at=people.agency), days_left=200)
        for name in ("Lò Văn Ánh", "Lò Thị Bình")
    )
    rows = [
        row_of(renewed, renews=True, changes=False),
        row_of(changed, renews=False, changes=True) | NEW_EMAIL,
    ]

    story.carried_out(story.draft_of(people, KIND, rows), people)

    for old in (renewed, changed):
        new = successor(old)
        assert said_of(new, tmp_path, "-pubkey") == said_of(old, tmp_path, "-pubkey")
        assert said_of(new, tmp_path, "-serial") != said_of(old, tmp_path, "-serial")
        kept_its_end = said_of(new, tmp_path, "-enddate") == said_of(old, tmp_path, "-enddate")
        assert kept_its_end == (old == changed)
    assert NEW_EMAIL["new_email"] in said_of(successor(changed), tmp_path, "-email")
    utf8 = ("-nameopt", "utf8,sep_comma_plus")
    said = said_of(successor(renewed), tmp_path, "-subject", *utf8)
    assert said == said_of(renewed, tmp_path, "-subject", *utf8)


@pytest.fixture
def able() -> story.Cast:
    """A body and its head who sign digitally, before both certificates are changed."""
    people = story.able_to_sign(story.cast(procedure=Procedure.RENEW_CHANGE))
    rows = [
        row_of(certificate, renews=False, changes=True) | NEW_EMAIL
        for certificate in (_of_head(people.head), _of_body(people))
    ]
    dossier = story.draft_of(people, KIND, rows)
    story.sign_digitally(dossier, people)
    story.confirm(story.decide(dossier, people), people)
    return people


def _of_head(head: User) -> Certificate:
    found = personal_certificate(head, now=LATER)
    assert found is not None
    return found


def _of_body(people: story.Cast) -> Certificate:
    found = organisation_certificate(people.agency, now=LATER)
    assert found is not None
    return found


def test_letters_are_signed_with_the_old_certificate_until_the_new_one_is_installed(
    able: story.Cast,
) -> None:
    old = _of_head(able.head), _of_body(able)
    execution.execute_accepted(now=NOW + timedelta(minutes=1))
    assert (_of_head(able.head), _of_body(able)) == old

    for certificate in old:
        installation.confirm_installed(successor(certificate), actor=able.clerk, now=LATER)

    assert _of_head(able.head) == successor(old[0])
    assert _of_body(able) == successor(old[1])
    assert signing_mode(able.agency, now=LATER) == (SigningMode.DIGITAL, "")


def test_a_letter_signed_with_the_new_certificates_is_signed_with_the_same_pin(
    able: story.Cast,
) -> None:
    old = _of_head(able.head), _of_body(able)
    execution.execute_accepted(now=NOW + timedelta(minutes=1))
    for certificate in old:
        installation.confirm_installed(successor(certificate), actor=able.clerk, now=LATER)
    row = row_of(successor(old[0]), renews=True, changes=False)

    dossier = story.draft_of(able, KIND, [row], now=LATER)
    story.sign_digitally(dossier, able, now=LATER)

    assert dossier.letter is not None
    signers = {one.certificate for one in dossier.letter.signatures.all()}
    assert signers == {successor(old[0]), successor(old[1])}
