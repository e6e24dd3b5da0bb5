"""J: the check of a dossier of 5,000 rows as a browser asks for it, against a target in seconds.

The pages a clerk with such a dossier opens one after the other: the sheet brought in (F through
HTTP), the editor, the check, the preview. BENCH_ROWS says how many rows. Processor time, the
server's for our connection too.
"""

from __future__ import annotations

import os
import statistics
from datetime import timedelta
from http import HTTPStatus
from io import BytesIO

import common

ROWS = int(os.environ.get("BENCH_ROWS", "5000"))
MOST_SECONDS = 3.0
RUNS = 3


def main() -> None:
    common.boot()
    from django.conf import settings  # noqa: PLC0415
    from django.core.files.uploadedfile import SimpleUploadedFile  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415
    from django.urls import reverse  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415
    from openpyxl import load_workbook  # noqa: PLC0415

    from portal.core.roles import Role  # noqa: PLC0415
    from requests_app import kinds, spreadsheets  # noqa: PLC0415
    from requests_app.drafts.services import create_draft  # noqa: PLC0415
    from requests_app.models import Dossier  # noqa: PLC0415
    from tests import builders  # noqa: PLC0415

    settings.ALLOWED_HOSTS = ["testserver"]
    now = timezone.now() - timedelta(minutes=1)
    office = builders.office()
    builders.routing(office=office)
    clerk = builders.user(Role.CLERK, agency=builders.agency(office=office))
    client = Client()
    client.force_login(clerk)
    people = [builders.person_answers(number) for number in range(1, ROWS + 1)]
    stream = BytesIO()  # as Excel saves it: with dimensions declared openpyxl reads it once
    load_workbook(BytesIO(spreadsheets.export(kinds.get("mau_01_person"), people))).save(stream)
    drafts = []

    def bring_in() -> None:
        draft = create_draft("mau_01_person", actor=clerk, now=now)
        sheet = SimpleUploadedFile("a.xlsx", stream.getvalue())
        report = client.post(reverse("requests_app:import", args=[draft.uuid]), {"file": sheet})
        assert client.get(report["Location"]).status_code == HTTPStatus.OK
        client.post(report["Location"], {"version": draft.version, "do": "all"})
        drafts.append(draft)

    def read() -> None:
        book = load_workbook(BytesIO(stream.getvalue()), read_only=True)
        for _row in book.worksheets[0].iter_rows(values_only=True):
            pass

    spent = [[common.processor_seconds(one) for one in (bring_in, read)] for _ in range(RUNS)]
    ours, baseline = (statistics.median(one) for one in zip(*spent, strict=True))
    common.report(f"F through HTTP ({common.dialect()})", ours, baseline, target=2, n=ROWS)
    dossier = Dossier.objects.get(pk=drafts[-1].pk)
    assert dossier.row_count == ROWS
    for name, route in (("J check", "check"), ("J editor", "editor"), ("J preview", "preview")):
        path = reverse(f"requests_app:{route}", args=[dossier.uuid])

        def ask(path: str = path) -> None:
            answer = client.get(path)
            assert answer.status_code == HTTPStatus.OK, answer.status_code

        taken = [common.processor_seconds(ask) for _ in range(RUNS)]
        label = f"{name} ({common.dialect()})"
        common.report(label, statistics.median(taken), MOST_SECONDS, target=1, n=ROWS)


if __name__ == "__main__":
    main()
