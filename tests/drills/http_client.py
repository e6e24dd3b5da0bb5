"""A browser's half of HTTP for the drills: cookies, redirects, and a note of every answer."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urljoin
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, Request, build_opener

from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

PATIENCE = 120  # seconds for one answer


@dataclass(frozen=True, slots=True)
class Asked:
    """One request and how it was answered."""

    method: str
    path: str
    status: int
    seconds: float


@dataclass(slots=True)
class Answer:
    """What came back, as a test client gives it."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes
    redirect_chain: list[tuple[str, int]] = field(default_factory=list)

    def json(self) -> Any:
        return json.loads(self.content)


class _Stay(HTTPRedirectHandler):
    """Each answer counts on its own: a redirect is followed by who asked."""

    def redirect_request(self, *arguments: Any, **options: Any) -> None:
        return None


class HttpClient:
    """Asks the portal at ``base``; clients with one ``jar`` are tabs of one browser."""

    def __init__(self, base: str, *, jar: CookieJar | None = None) -> None:
        self.base = base
        self.jar = CookieJar() if jar is None else jar
        self.asked: list[Asked] = []
        self.headers: dict[str, str] = {}
        self._opener = build_opener(_Stay(), HTTPCookieProcessor(self.jar))

    def get(
        self,
        path: str,
        data: Mapping[str, Any] | None = None,
        *,
        follow: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        whole = f"{path.partition('?')[0]}?{urlencode(data, doseq=True)}" if data else path
        return self._ask("GET", whole, None, headers or {}, follow=follow)

    def post(
        self,
        path: str,
        data: Mapping[str, Any],
        *,
        follow: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        body = encode_multipart(BOUNDARY, dict(data))
        typed = {"Content-Type": MULTIPART_CONTENT, **(headers or {})}
        return self._ask("POST", path, body, typed, follow=follow)

    def send(self, method: str, path: str, data: Any) -> Answer:
        """Send JSON, as a program does."""
        return self._ask(
            method, path, json.dumps(data).encode(), {"Content-Type": "application/json"}
        )

    def _ask(
        self,
        method: str,
        path: str,
        body: bytes | None,
        headers: Mapping[str, str],
        *,
        follow: bool = False,
    ) -> Answer:
        request = Request(  # noqa: S310
            urljoin(self.base, path),
            data=body,
            headers={**self.headers, **headers, "Referer": self.base},
            method=method,
        )
        began = time.monotonic()
        try:
            response = self._opener.open(request, timeout=PATIENCE)
        except HTTPError as refusal:
            response = refusal
        with response:
            answer = Answer(response.status, response.headers, response.read())
        self.asked.append(Asked(method, path, answer.status_code, time.monotonic() - began))
        if follow and answer.status_code in (301, 302, 303):
            place = urljoin(urljoin(self.base, path), answer.headers["Location"])
            place = place.removeprefix(self.base)
            came = self._ask("GET", place, None, {}, follow=True)
            came.redirect_chain.insert(0, (place, answer.status_code))
            return came
        return answer
