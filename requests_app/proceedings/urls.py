"""Addresses of what proceedings bodies and the police ask for."""

from __future__ import annotations

from django.urls import path

from requests_app.proceedings import views

app_name = "proceedings"

urlpatterns = [
    path("", views.request_list, name="list"),
    path("ghi/", views.record, name="record"),
    path("<uuid:uuid>/", views.request_page, name="request"),
    path("<uuid:uuid>/quyet-dinh/", views.decide, name="decide"),
    path("<uuid:uuid>/bo/", views.withdraw, name="withdraw"),
    path("<uuid:uuid>/van-ban-yeu-cau/", views.letter, name="letter"),
    path("<uuid:uuid>/tra-loi.pdf", views.answer, name="answer"),
    path("thong-bao/<uuid:uuid>.pdf", views.notice, name="notice"),
]
