"""Addresses under /thiet-bi/."""

from __future__ import annotations

from django.urls import path

from devices.views import handover, lists, pin, shipping, stock

app_name = "devices"

urlpatterns = [
    path("", lists.device_list, name="list"),
    path("kho/", stock.stock, name="stock"),
    path("gui/", shipping.dispatch, name="dispatch"),
    path("gui/<uuid:code>/", shipping.send, name="send"),
    path("nhan/", shipping.incoming, name="incoming"),
    path("chuyen/<uuid:code>/", shipping.shipment, name="shipment"),
    path("chuyen/<uuid:code>/nhan/", shipping.receive, name="receive"),
    path("<uuid:code>/", lists.detail, name="detail"),
    path("<uuid:code>/viec/", lists.make_move, name="make_move"),
    path("<uuid:code>/ban-giao/", handover.hand_over, name="hand_over"),
    path("<uuid:code>/ma-pin-moi/", pin.new_pin, name="new_pin"),
    path("<uuid:code>/doi-ma-pin/", pin.change_pin, name="change_pin"),
]
