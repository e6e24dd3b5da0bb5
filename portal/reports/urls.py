"""Addresses of reports."""

from __future__ import annotations

from django.urls import path

from portal.reports import views

app_name = "reports"
urlpatterns = [
    path("", views.index, name="list"),
    path("bieu-do/", views.charts, name="charts"),
    path("bieu-do/<slug:name>.svg", views.chart, name="chart"),
    path("so-lieu/<slug:subject>/<slug:measure>/", views.rows, name="rows"),
    path("<uuid:uuid>/", views.report, name="report"),
    path("<uuid:uuid>/noi-dung/", views.words, name="words"),
    path("<uuid:uuid>/tinh-lai/", views.recount, name="recount"),
    path("<uuid:uuid>/so-sanh/", views.compare, name="compare"),
    path("<uuid:uuid>/so-ngay/", views.PAPERS.number, name="number"),
    path("<uuid:uuid>/ban-quet/", views.PAPERS.scan, name="scan"),
    path("<uuid:uuid>/buoc/", views.PAPERS.step, name="step"),
    path("<uuid:uuid>/bao-cao.pdf", views.PAPERS.pdf, name="pdf"),
    path("<uuid:uuid>/so-lieu.<str:form>", views.export, name="export"),
]
