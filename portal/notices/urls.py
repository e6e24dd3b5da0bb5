"""Addresses of notices, under /thong-bao/."""

from django.urls import path

from portal.notices import views, views_mails

app_name = "notices"

urlpatterns = [
    path("", views.notice_list, name="list"),
    path("chuong/", views.bell, name="bell"),
    path("moi-nhat/", views.newest, name="newest"),
    path("cach-nhan/", views.preferences, name="preferences"),
    path("da-doc-het/", views.read_all, name="read_all"),
    path("thu-loi/", views_mails.dead_mails, name="dead_mails"),
    path("thu-loi/<uuid:uuid>/gui-lai/", views_mails.send_again, name="send_again"),
    path("thu-da-ghi/", views_mails.written_mails, name="outbox"),
    path("<uuid:uuid>/xem/", views.open_notice, name="open"),
    path("<uuid:uuid>/da-doc/", views.mark_read, name="mark_read"),
]
