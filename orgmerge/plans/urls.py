"""Addresses of the pages about reorganisations: the plan and its choices."""

from __future__ import annotations

from django.urls import URLPattern, path

from orgmerge.plans.views import annex, decisions, lines, plan

urlpatterns: list[URLPattern] = [
    path("<uuid:code>/phuong-an/", plan.plan, name="plan"),
    path("<uuid:code>/phuong-an/tinh-hinh/", plan.plan_state, name="plan_state"),
    path("<uuid:code>/phuong-an/lap/", plan.ask_plan, name="ask_plan"),
    path("<uuid:code>/phuong-an/lua-chon/", decisions.choices, name="plan_choices"),
    path("<uuid:code>/phuong-an/quyet-dinh/", decisions.settle, name="settle"),
    path("<uuid:code>/phuong-an/luu-y/", lines.cautions, name="plan_cautions"),
    path("<uuid:code>/phuong-an/luu-y/da-xem/", lines.heed, name="heed"),
    path("<uuid:code>/phuong-an/thay-doi/", lines.changes, name="plan_changes"),
    path("<uuid:code>/phuong-an/phu-luc/", annex.annex, name="plan_annex"),
    path(
        "<uuid:code>/phuong-an/phu-luc/<uuid:annex>/tai/",
        annex.annex_file,
        name="plan_annex_file",
    ),
    path("<uuid:code>/phuong-an/<slug:about>/<uuid:thing>/", lines.line, name="plan_line"),
]
