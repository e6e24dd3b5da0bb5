"""All addresses of the portal: paths Vietnamese without marks, route names English."""

from __future__ import annotations

from importlib.util import find_spec

from django.urls import URLPattern, URLResolver, include, path

_PARTS = [
    ("ho-so/", "requests_app.urls"),
    ("tai-khoan/", "portal.accounts.urls"),
    ("don-vi/", "portal.agencies.urls"),
    ("chung-thu/", "portal.ca.urls"),
    ("pki/", "portal.ca.urls_pki"),
    ("thiet-bi/", "devices.urls"),
    ("thong-bao/", "portal.notices.urls"),
    ("thoi-han/", "portal.deadlines.urls"),
    ("nhat-ky/", "portal.audit.urls"),
    ("tro-giup/", "portal.core.urls_help"),
    ("api/v1/", "portal.api.urls"),
    ("", "portal.urls_root"),
]


def _exists(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


urlpatterns: list[URLPattern | URLResolver] = [
    path(prefix, include(module)) for prefix, module in _PARTS if _exists(module)
]
