"""Addresses of the uploaded lists of bodies."""

from __future__ import annotations

from django.urls import URLPattern, path

from orgmerge.body_lists import views

urlpatterns: list[URLPattern] = [
    path("bang-mau/<slug:kind>/", views.sheet_template, name="sheet_template"),
    path("<uuid:code>/nhap/", views.upload, name="upload"),
    path("<uuid:code>/danh-sach/<uuid:list_code>/", views.body_list, name="body_list"),
    path("<uuid:code>/danh-sach/<uuid:list_code>/<int:number>/", views.list_row, name="list_row"),
]
