"""Addresses under /thiet-bi/."""

from __future__ import annotations

from django.urls import path

from devices.handover import views as handover
from devices.holders import views as holders
from devices.pins import views as pins
from devices.register import views as register
from devices.returns import views as returns
from devices.shipping import views as shipping
from devices.stock import views as stock
from devices.stocktaking import views as stocktaking
from devices.summary import views as summary

app_name = "devices"

urlpatterns = [
    path("", register.device_list, name="list"),
    path("tong-hop/", summary.device_sums, name="sums"),
    path("kho/", stock.stock, name="stock"),
    path("gui/", shipping.dispatch, name="dispatch"),
    path("gui/<uuid:code>/", shipping.send, name="send"),
    path("nhan/", shipping.incoming, name="incoming"),
    path("chuyen/<uuid:code>/", shipping.shipment, name="shipment"),
    path("chuyen/<uuid:code>/nhan/", shipping.receive, name="receive"),
    path("ban-giao/", handover.hand_over_many, name="hand_over_many"),
    path("thu-hoi/", returns.take_back_many, name="take_back_many"),
    path("so-nop/", returns.office_returns, name="office_returns"),
    path("so-nop/<uuid:code>/", returns.office_return, name="office_return"),
    path("kiem-ke/", stocktaking.index, name="stocktakings"),
    path("kiem-ke/<uuid:code>/", stocktaking.stocktaking, name="stocktaking"),
    path("kiem-ke/<uuid:code>/viec/", stocktaking.take_step, name="stocktaking_step"),
    path("kiem-ke/<uuid:code>/bien-ban/", stocktaking.minutes, name="stocktaking_minutes"),
    path("<uuid:code>/", register.detail, name="detail"),
    path("<uuid:code>/viec/", register.make_move, name="make_move"),
    path("<uuid:code>/ban-giao/", handover.hand_over, name="hand_over"),
    path("<uuid:code>/thu-hoi/", holders.take_back, name="take_back"),
    path("<uuid:code>/giao-lai/", holders.give_again, name="give_again"),
    path("<uuid:code>/doi-nguoi-giu/", holders.change_holder, name="change_holder"),
    path("<uuid:code>/ma-pin-moi/", pins.new_pin, name="new_pin"),
    path("<uuid:code>/doi-ma-pin/", pins.change_pin, name="change_pin"),
]
