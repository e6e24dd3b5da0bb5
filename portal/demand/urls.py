"""Addresses of demand."""

from __future__ import annotations

from django.urls import path

from portal.demand import views

app_name = "demand"
urlpatterns = [
    path("", views.index, name="list"),
    path("mo-dot/", views.open_round, name="open"),
    path("<uuid:uuid>/", views.round_page, name="round"),
    path("<uuid:uuid>/lap/", views.start, name="start"),
    path("<uuid:uuid>/doi-han/", views.move_due, name="move_due"),
    path("<uuid:uuid>/ket-thuc/", views.close, name="close"),
    path("<uuid:uuid>/tong-hop.xlsx", views.export, name="export"),
    path("de-xuat/<uuid:uuid>/", views.proposal, name="proposal"),
    path("de-xuat/<uuid:uuid>/so-luong/", views.write, name="write"),
    path("de-xuat/<uuid:uuid>/theo-he-thong/", views.take_proposed, name="take_proposed"),
    path("de-xuat/<uuid:uuid>/dieu-chinh/", views.correct, name="correct"),
    path("de-xuat/<uuid:uuid>/so-ngay/", views.PAPERS.number, name="number"),
    path("de-xuat/<uuid:uuid>/ban-quet/", views.PAPERS.scan, name="scan"),
    path("de-xuat/<uuid:uuid>/buoc/", views.PAPERS.step, name="step"),
    path("de-xuat/<uuid:uuid>/de-xuat.pdf", views.PAPERS.pdf, name="pdf"),
]
