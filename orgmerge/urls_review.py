"""Addresses of the pages about reorganisations: what the bodies are asked."""

from __future__ import annotations

from django.urls import URLPattern, path

from orgmerge.views import reply, reply_sheet, review

urlpatterns: list[URLPattern] = [
    path("<uuid:code>/ra-soat/", review.review, name="review"),
    path("<uuid:code>/ra-soat/mo/", review.open_round, name="open_review"),
    path("<uuid:code>/ra-soat/viec/", review.hold_round, name="hold_review"),
    path("<uuid:code>/ra-soat/dong/", review.lines, name="review_lines"),
    path("ra-soat/<uuid:code>/", reply.reply, name="reply"),
    path("ra-soat/<uuid:code>/gui/", reply.send, name="send_reply"),
    path("ra-soat/<uuid:code>/bang/", reply_sheet.download, name="reply_sheet"),
    path("ra-soat/<uuid:code>/nhap/", reply_sheet.upload, name="reply_import"),
    path("ra-soat/<uuid:code>/nhap/<uuid:token>/", reply_sheet.report, name="reply_report"),
]
