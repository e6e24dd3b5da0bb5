"""All addresses of the portal: paths Vietnamese without marks, route names English."""

from __future__ import annotations

from django.urls import include, path

from portal import views_health, views_metrics, views_security
from portal.ca.authority.views import authorities
from portal.core.background.views import background
from portal.deadlines import views_feed
from requests_app.worklist.views.home import home

urlpatterns = [
    path("", home, name="home"),
    path("giam-sat/", include("portal.usage.urls")),
    path("ho-so/", include("requests_app.urls")),
    path("chung-thu/ca/", authorities, name="authorities"),
    path("chung-thu/", include("portal.ca.register.urls")),
    path("thiet-bi/", include("devices.urls")),
    path("don-vi/", include("portal.agencies.urls")),
    path("tai-khoan/", include("portal.accounts.urls")),
    path("so-theo-doi/", include("requests_app.registers.urls")),
    path("yeu-cau-to-tung/", include("requests_app.proceedings.urls")),
    path("ho-tro/", include("portal.support.urls")),
    path("sap-nhap/", include("orgmerge.urls")),
    path("thong-bao/", include("portal.notices.urls")),
    path("thoi-han/", include("portal.deadlines.urls")),
    path("lich/<str:token>.ics", views_feed.feed, name="calendar_feed"),
    path("tim-kiem/", include("portal.search.urls")),
    path("nhu-cau/", include("portal.demand.urls")),
    path("hien-trang/", include("portal.estate.urls")),
    path("chat-luong-du-lieu/", include("portal.estate.quality.urls")),
    path("kiem-tra/", include("portal.inspection.urls")),
    path("bao-cao/", include("portal.reports.urls")),
    path("nhat-ky/", include("portal.audit.urls")),
    path("tro-giup/", include("portal.core.web.urls_help")),
    path("api/v1/", include("portal.api.urls")),
    path("xac-minh/", include("portal.documents.urls")),
    path("pki/", include("portal.ca.authority.urls")),
    path("tien-trinh-nen/", background, name="background"),
    path("metrics", views_metrics.metrics, name="metrics"),
    path(".well-known/security.txt", views_security.security_txt, name="security_txt"),
    path("healthz", views_health.healthz, name="healthz"),
    path("readyz", views_health.readyz, name="readyz"),
]
