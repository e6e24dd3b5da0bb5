"""Addresses under /thiet-bi/."""

from __future__ import annotations

from django.urls import path

from devices.views import batches, handover, holding, lists, pin, shipping, stock, sums

app_name = "devices"

urlpatterns = [
    path("", lists.device_list, name="list"),
    path("tong-hop/", sums.device_sums, name="sums"),
    path("kho/", stock.stock, name="stock"),
    path("gui/", shipping.dispatch, name="dispatch"),
    path("gui/<uuid:code>/", shipping.send, name="send"),
    path("nhan/", shipping.incoming, name="incoming"),
    path("chuyen/<uuid:code>/", shipping.shipment, name="shipment"),
    path("chuyen/<uuid:code>/nhan/", shipping.receive, name="receive"),
    path("thu-hoi/", batches.take_back_many, name="take_back_many"),
    path("so-nop/", batches.office_returns, name="office_returns"),
    path("so-nop/<uuid:code>/", batches.office_return, name="office_return"),
    path("<uuid:code>/", lists.detail, name="detail"),
    path("<uuid:code>/viec/", lists.make_move, name="make_move"),
    path("<uuid:code>/ban-giao/", handover.hand_over, name="hand_over"),
    path("<uuid:code>/thu-hoi/", holding.take_back, name="take_back"),
    path("<uuid:code>/giao-lai/", holding.give_again, name="give_again"),
    path("<uuid:code>/doi-nguoi-giu/", holding.change_holder, name="change_holder"),
    path("<uuid:code>/ma-pin-moi/", pin.new_pin, name="new_pin"),
    path("<uuid:code>/doi-ma-pin/", pin.change_pin, name="change_pin"),
]
