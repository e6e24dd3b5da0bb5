"""Addresses of the pages about reorganisations: describing them."""

from __future__ import annotations

from django.urls import URLPattern, path

from orgmerge.views import describing, detail, importing, lists, repealing

urlpatterns: list[URLPattern] = [
    path("", lists.merger_list, name="list"),
    path("moi/", describing.start, name="start"),
    path("bang-mau/<slug:kind>/", importing.sheet_template, name="sheet_template"),
    path("<uuid:code>/", detail.detail, name="detail"),
    path("<uuid:code>/buoc/", detail.take_step, name="take_step"),
    path("<uuid:code>/goi-y/", lists.suggest, name="suggest"),
    path("<uuid:code>/sua/", describing.edit, name="edit"),
    path("<uuid:code>/don-vi/them/", describing.add_body, name="add_body"),
    path("<uuid:code>/don-vi/<uuid:body_code>/", describing.body, name="body"),
    path("<uuid:code>/don-vi/<uuid:body_code>/sua/", describing.edit_body, name="edit_body"),
    path("<uuid:code>/don-vi/<uuid:body_code>/bo/", describing.remove_body, name="remove_body"),
    path("<uuid:code>/don-vi/<uuid:body_code>/dong/", describing.add_row, name="add_row"),
    path("<uuid:code>/giai-the/", describing.add_row, name="add_ended"),
    path("<uuid:code>/dong/<int:number>/", describing.edit_row, name="edit_row"),
    path("<uuid:code>/bai-bo/", repealing.repeal, name="repeal"),
    path("<uuid:code>/nhap/", importing.upload, name="upload"),
    path("<uuid:code>/danh-sach/<uuid:list_code>/", importing.body_list, name="body_list"),
    path(
        "<uuid:code>/danh-sach/<uuid:list_code>/<int:number>/",
        importing.list_row,
        name="list_row",
    ),
]
