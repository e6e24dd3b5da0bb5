"""Reading what programs send."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class BoundedJSONParser(JSONParser):
    """JSON; a body nested deeper than Python reads, or with half a character, is bad input, not a
    failure of ours: an answer that repeated it could not be written."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        try:
            found: dict[str, Any] = super().parse(stream, media_type, parser_context)
            json.dumps(found, ensure_ascii=False).encode()
        except RecursionError as error:
            raise ParseError(_("Dữ liệu JSON lồng quá sâu.")) from error
        except UnicodeEncodeError as error:
            raise ParseError(_("Dữ liệu JSON có ký tự không hợp lệ.")) from error
        return found
