"""Addresses of bodies and subscribers, under /don-vi/."""

from __future__ import annotations

from django.urls import path

from portal.agencies.views import bodies, signers, subscribers

app_name = "agencies"
urlpatterns = [
    path("", bodies.agency_list, name="list"),
    path("goi-y/", bodies.suggest, name="suggest"),
    path("them/", bodies.register, name="register"),
    path("ten/", bodies.names, name="names"),
    path("thue-bao/", subscribers.subscriber_list, name="subscribers"),
    path("thue-bao/<uuid:uuid>/", subscribers.subscriber_detail, name="subscriber"),
    path("thue-bao/<uuid:uuid>/so-dinh-danh/", subscribers.reveal, name="reveal"),
    path("<uuid:uuid>/", bodies.detail, name="detail"),
    path("<uuid:uuid>/nguoi-ky/", signers.signers, name="signers"),
    path("nguoi-ky/<uuid:uuid>/ket-thuc/", signers.end_signer, name="end_signer"),
    path("<uuid:uuid>/thay-doi/", bodies.change, name="change"),
]
