"""F: reading, checking and inserting 5,000 rows of the CA's sheet against openpyxl reading it."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO

import common

ROWS = 5_000
NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


def main() -> None:
    common.boot()
    from django.utils import timezone  # noqa: PLC0415
    from openpyxl import load_workbook  # noqa: PLC0415

    from portal.core.database.bulk import collector_paused  # noqa: PLC0415
    from portal.core.roles import Role  # noqa: PLC0415
    from requests_app import kinds, spreadsheets  # noqa: PLC0415
    from requests_app.drafts.services import create_draft, import_rows  # noqa: PLC0415
    from tests import builders  # noqa: PLC0415

    kind = kinds.get("mau_01_person")
    people = [builders.person_answers(number) for number in range(1, ROWS + 1)]
    content = _as_excel_saves(spreadsheets.export(kind, people))
    office = builders.office()
    builders.routing(office=office)
    clerk = builders.user(Role.CLERK, agency=builders.agency(office=office))

    def ours() -> None:
        dossier = create_draft(kind.code, actor=clerk, now=NOW)
        report = spreadsheets.read(kind, content, today=timezone.localdate(NOW))
        assert not report.bad_rows, report.bad_rows[0].findings
        with collector_paused():
            import_rows(
                dossier,
                [row.answers for row in report.rows],
                actor=clerk,
                now=NOW,
                version=dossier.version,
            )

    def baseline() -> None:
        book = load_workbook(BytesIO(content), read_only=True)
        for _row in book.worksheets[0].iter_rows(values_only=True):
            pass

    common.compare(f"F import ({common.dialect()})", ours, baseline, target=2, n=ROWS)


def _as_excel_saves(content: bytes) -> bytes:
    """Return the sheet with its dimensions declared: without them openpyxl parses it twice."""
    from openpyxl import load_workbook  # noqa: PLC0415

    stream = BytesIO()
    load_workbook(BytesIO(content)).save(stream)
    return stream.getvalue()


if __name__ == "__main__":
    main()
