"""Log lines as JSON; what is logged names things by UUID, never by a person's data."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime

from portal.core.text.identifiers import mask

_QUOTED_ROWS = re.compile(r"^(DETAIL:|CONTEXT:|LINE \d+:).*$", re.MULTILINE)
_IDENTITY_NUMBER = re.compile(r"(?<![\w-])\d{12}(?![\w-])")  # no end of a UUID

# What a path ends with that opens something by itself: a password to be chosen, a calendar.
_SECRET_OF_PATH = re.compile(r"((?:/dat-mat-khau/|/lich/))[\w-]{20,}")


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, message, exception if any."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": _without_personal_data(record.getMessage()),
        }
        if record.exc_info:
            line["exception"] = _without_personal_data(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def _without_personal_data(text: str) -> str:
    """Leave out the rows PostgreSQL quotes in its errors and the secrets of paths, and mask
    identity numbers."""
    text = _SECRET_OF_PATH.sub(r"\1…", text)
    text = _QUOTED_ROWS.sub(r"\1 (left out)", text)
    return _IDENTITY_NUMBER.sub(lambda found: mask(found[0]), text)
