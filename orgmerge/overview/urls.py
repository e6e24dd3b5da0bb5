"""Addresses of the list of reorganisations and of the page of one."""

from __future__ import annotations

from django.urls import URLPattern, path

from orgmerge.overview import views

urlpatterns: list[URLPattern] = [
    path("", views.merger_list, name="list"),
    path("<uuid:code>/", views.detail, name="detail"),
    path("<uuid:code>/buoc/", views.take_step, name="take_step"),
    path("<uuid:code>/goi-y/", views.suggest, name="suggest"),
]
