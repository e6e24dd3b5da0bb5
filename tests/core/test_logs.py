"""Log lines name things, not people."""

from __future__ import annotations

import json
import logging
import sys

from portal.core.logs import JsonFormatter

_DATABASE_WORDS = """value too long for type character varying(120)
DETAIL:  Failing row contains (7, Lò Văn Thử, 0912345678).
CONTEXT:  COPY agencies_affiliation, line 1, column position: "Chuyên viên"
LINE 1: INSERT INTO t VALUES ('Lò Văn Thử')"""


def _line(message: str, *, error: Exception | None = None) -> dict[str, str]:
    information = None
    if error is not None:
        try:
            raise error
        except type(error):
            information = sys.exc_info()
    record = logging.LogRecord("portal", logging.ERROR, "x.py", 1, message, None, information)
    found: dict[str, str] = json.loads(JsonFormatter().format(record))
    return found


def test_rows_that_the_database_quotes_are_left_out() -> None:
    line = _line("a row could not be written", error=ValueError(_DATABASE_WORDS))

    assert "value too long" in line["exception"]
    for personal in ("Lò Văn Thử", "0912345678", "Chuyên viên"):
        assert personal not in line["exception"]


def test_identity_numbers_are_masked_and_uuids_stay() -> None:
    uuid = "00000000-0000-0000-0000-012190000001"

    message = _line(f"dossier {uuid} of 012190000001")["message"]

    assert message == f"dossier {uuid} of 0121•••••001"
