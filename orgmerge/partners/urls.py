"""Addresses of the pages about reorganisations: the offices that work on one together."""

from __future__ import annotations

from django.urls import URLPattern, path

from orgmerge.partners import views

urlpatterns: list[URLPattern] = [
    path("<uuid:code>/moi-so/", views.ask, name="ask_office"),
    path("cung-lap/<uuid:code>/", views.invitation, name="invitation"),
    path("cung-lap/<uuid:code>/tra-loi/", views.answer, name="answer_invitation"),
    path("cung-lap/<uuid:code>/thoi/", views.part, name="part"),
    path("cung-lap/<uuid:code>/y-kien/", views.plan_word, name="plan_word"),
]
