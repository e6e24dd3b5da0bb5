"""J: the check of a dossier of 5,000 rows as a browser asks for it, against a target in seconds.

The pages a clerk with such a dossier opens one after the other: the editor, the check, the report
of an import. BENCH_ROWS says how many rows.
"""

from __future__ import annotations

import os
import statistics
from datetime import timedelta
from http import HTTPStatus

import common

ROWS = int(os.environ.get("BENCH_ROWS", "5000"))
MOST_SECONDS = 3.0
RUNS = 5


def main() -> None:
    common.boot()
    from django.conf import settings  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415
    from django.urls import reverse  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415

    from portal.core.roles import Role  # noqa: PLC0415
    from requests_app.drafts.services import create_draft, import_rows  # noqa: PLC0415
    from tests import builders  # noqa: PLC0415

    settings.ALLOWED_HOSTS = ["testserver"]
    now = timezone.now() - timedelta(minutes=1)
    office = builders.office()
    builders.routing(office=office)
    clerk = builders.user(Role.CLERK, agency=builders.agency(office=office))
    client = Client()
    client.force_login(clerk)
    dossier = create_draft("mau_01_person", actor=clerk, now=now)
    import_rows(
        dossier,
        [builders.person_answers(number) for number in range(1, ROWS + 1)],
        actor=clerk,
        now=now,
        version=dossier.version,
    )
    for name, route in (("J check", "check"), ("J editor", "editor"), ("J preview", "preview")):
        path = reverse(f"requests_app:{route}", args=[dossier.uuid])

        def ask(path: str = path) -> None:
            answer = client.get(path)
            assert answer.status_code == HTTPStatus.OK, answer.status_code

        taken = [common.seconds(ask) for _ in range(RUNS)]
        label = f"{name} ({common.dialect()})"
        common.report(label, statistics.median(taken), MOST_SECONDS, target=1, n=ROWS)


if __name__ == "__main__":
    main()
