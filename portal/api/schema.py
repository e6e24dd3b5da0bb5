"""What drf-spectacular can't find out by itself; it registers what is defined here."""

from __future__ import annotations

from drf_spectacular.authentication import SessionScheme


class PageSessionScheme(SessionScheme):  # type: ignore[no-untyped-call]
    """The session of the pages is a cookie like any other."""

    target_class = "portal.api.base.PageSession"
    name = "cookieAuth"
