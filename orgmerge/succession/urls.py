"""Addresses of what comes with the effective day: bodies, the list for the CA, the records."""

from __future__ import annotations

from django.urls import path

from orgmerge.succession import views

urlpatterns = [
    path("<uuid:code>/hieu-luc/", views.overview, name="records"),
    path("<uuid:code>/hieu-luc/lam-lai/", views.try_again, name="try_again"),
    path("<uuid:code>/hieu-luc/chuyen/", views.send_to, name="send_to"),
    path("<uuid:code>/danh-sach-co-quan.pdf", views.list_letter, name="list_letter"),
    path("<uuid:code>/danh-sach-co-quan/da-gui/", views.send_list, name="send_list"),
    path("<uuid:code>/bien-ban/<uuid:record_code>/", views.record, name="record"),
    path("<uuid:code>/bien-ban/<uuid:record_code>/tep/", views.record_file, name="record_file"),
    path(
        "<uuid:code>/bien-ban/<uuid:record_code>/ban-da-ky/", views.keep_signed, name="keep_signed"
    ),
]
