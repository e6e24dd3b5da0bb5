"""Addresses of the pages about reorganisations: the offices that work on one together."""

from __future__ import annotations

from django.urls import URLPattern, path

from orgmerge.views import joining

urlpatterns: list[URLPattern] = [
    path("<uuid:code>/moi-so/", joining.ask, name="ask_office"),
    path("cung-lap/<uuid:code>/", joining.invitation, name="invitation"),
    path("cung-lap/<uuid:code>/tra-loi/", joining.answer, name="answer_invitation"),
    path("cung-lap/<uuid:code>/thoi/", joining.part, name="part"),
    path("cung-lap/<uuid:code>/y-kien/", joining.plan_word, name="plan_word"),
]
