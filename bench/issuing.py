"""A: issue the rows of a 500-row dossier, against raw signing of the same certificates.

I: the same on SQLite against django-ca's bare certificates, where django-ca can be imported.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import uuid
from datetime import datetime
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import common

ROWS = 500
RUNS = 7
_DJANGO_CA = Path(__file__).with_name("django_ca_issuing.py")


def main() -> None:
    common.boot()
    from django.utils import timezone  # noqa: PLC0415

    from portal.ca.authority import ceremony  # noqa: PLC0415
    from portal.ca.authority import services as authority  # noqa: PLC0415

    authority.open_for_signing()
    ceremony.set_up(now=timezone.now())
    dialect = common.dialect()
    people = _people()
    target = 5 if dialect == "postgresql" else 4
    ours = _measure(people, f"A issue ({dialect})", target=target, bad_every=0)
    _measure(people, f"A issue, one bad row in 50 ({dialect})", target=6, bad_every=50)
    if dialect == "sqlite" and find_spec("django_ca"):
        command = [sys.executable, str(_DJANGO_CA), str(ROWS), str(RUNS)]
        said = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
        baseline = statistics.median(float(line) for line in said.stdout.split())
        common.report("I issue against django-ca", ours, baseline, target=0.7, n=ROWS)


def _measure(people: Any, name: str, *, target: float, bad_every: int) -> float:
    """Issue fresh dossiers and sign the same certificates bare, in turn; return our median."""
    from django.utils import timezone  # noqa: PLC0415

    from requests_app.execution import services as execution  # noqa: PLC0415

    ours, baseline = [], []
    for _ in range(RUNS):
        now = timezone.now()
        dossier = _accepted(people, now=now, bad_every=bad_every)
        ours.append(common.seconds(partial(execution.execute, dossier.pk, now=now)))
        baseline.append(_sign_bare(dossier))
    median = statistics.median(ours)
    common.report(name, median, statistics.median(baseline), target=target, n=ROWS)
    return median


def _people() -> Any:
    """The bodies and accounts a dossier needs, made as the tests make them."""
    from tests import story  # noqa: PLC0415

    return story.cast()


def _accepted(people: Any, *, now: datetime, bad_every: int) -> Any:
    """A confirmed dossier of 500 rows with as many devices in stock; a bad row's number clashes."""
    from portal.ca.register import services as ca  # noqa: PLC0415
    from requests_app.models import Decision, DossierItem  # noqa: PLC0415
    from requests_app.workflow import State  # noqa: PLC0415
    from tests import builders  # noqa: PLC0415

    for key in ca.make_keys("token", ROWS, now=now):
        builders.device(key_pair=key)
    dossier = builders.dossier(agency=people.agency, state=State.ACCEPTED, rows=0)
    first = uuid.uuid4().int % 90_000
    items = [
        DossierItem(
            dossier=dossier,
            position=position,
            title="Người thử",
            storage="token",
            answers=_answers(first + position, is_bad=bool(bad_every and not position % bad_every)),
            decision=Decision.ACCEPTED,
            request_key=uuid.uuid4().hex,
        )
        for position in range(1, ROWS + 1)
    ]
    DossierItem.objects.bulk_create(items)
    return dossier


def _answers(number: int, *, is_bad: bool) -> dict[str, str]:
    from tests import builders  # noqa: PLC0415

    answers = dict(builders.person_answers(number % 100_000))
    if is_bad:
        answers["org2"] = "X" * 100  # longer than X.509 allows: the CA refuses this one
    return answers


def _sign_bare(dossier: Any) -> float:
    """Build, sign and check the certificates just issued with ``cryptography`` and nothing else."""
    from cryptography import x509  # noqa: PLC0415
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415

    from portal.ca.authority import services as authority  # noqa: PLC0415
    from portal.ca.models import Certificate  # noqa: PLC0415

    issuer = authority.current_issuer()
    made = [
        x509.load_der_x509_certificate(bytes(der))
        for der in Certificate.objects.filter(result_of__dossier=dossier).values_list(
            "der", flat=True
        )
    ]
    keys = [
        certificate.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        for certificate in made
    ]

    def sign() -> None:
        for certificate, key in zip(made, keys, strict=True):
            builder = x509.CertificateBuilder(
                issuer.certificate.subject,
                certificate.subject,
                serialization.load_der_public_key(key),  # type: ignore[arg-type]
                certificate.serial_number,
                certificate.not_valid_before_utc,
                certificate.not_valid_after_utc,
            )
            for extension in certificate.extensions:
                builder = builder.add_extension(extension.value, extension.critical)
            signed = builder.sign(issuer.key, hashes.SHA384())
            signed.verify_directly_issued_by(issuer.certificate)
            signed.public_bytes(serialization.Encoding.DER)

    return common.seconds(sign)


if __name__ == "__main__":
    main()
