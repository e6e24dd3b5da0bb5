"""Addresses of the pages about reorganisations: what the bodies are asked."""

from __future__ import annotations

from django.urls import URLPattern, path

from orgmerge.review.views import office, reply, sheet

urlpatterns: list[URLPattern] = [
    path("<uuid:code>/ra-soat/", office.review, name="review"),
    path("<uuid:code>/ra-soat/mo/", office.open_round, name="open_review"),
    path("<uuid:code>/ra-soat/viec/", office.hold_round, name="hold_review"),
    path("<uuid:code>/ra-soat/dong/", office.lines, name="review_lines"),
    path("ra-soat/<uuid:code>/", reply.reply, name="reply"),
    path("ra-soat/<uuid:code>/gui/", reply.send, name="send_reply"),
    path("ra-soat/<uuid:code>/bang/", sheet.download, name="reply_sheet"),
    path("ra-soat/<uuid:code>/nhap/", sheet.upload, name="reply_import"),
    path("ra-soat/<uuid:code>/nhap/<uuid:token>/", sheet.report, name="reply_report"),
]
