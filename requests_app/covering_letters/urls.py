"""Addresses of covering letters; part of ``requests_app``."""

from __future__ import annotations

from django.urls import path

from requests_app.covering_letters.views import choice as covering

urlpatterns = [
    path("chuyen-cuc/", covering.waiting, name="forwarding"),
    path("cong-van-chuyen/", covering.letters, name="covering_letters"),
    path("cong-van-chuyen/<uuid:uuid>/", covering.letter, name="covering_letter"),
    path("cong-van-chuyen/<uuid:uuid>/so-ngay/", covering.number, name="number_covering"),
    path("cong-van-chuyen/<uuid:uuid>/bo-ho-so/", covering.uncover, name="uncover"),
    path("cong-van-chuyen/<uuid:uuid>/ban-quet/", covering.scan, name="covering_scan"),
    path("cong-van-chuyen/<uuid:uuid>/buoc/", covering.take_step, name="covering_step"),
    path("cong-van-chuyen/<uuid:uuid>/cong-van.pdf", covering.pdf, name="covering_pdf"),
    path("cong-van-chuyen/<uuid:uuid>/xem-truoc/", covering.preview, name="covering_preview"),
    path("cong-van-chuyen/<uuid:uuid>/tien-do/", covering.progress, name="covering_progress"),
]
