"""Addresses of the supervision of use."""

from __future__ import annotations

from django.urls import path

from portal.usage.alarms import views as alarms
from portal.usage.inquiries import views as inquiries
from portal.usage.overview import views
from portal.usage.public_certificates import views as public
from portal.usage.systems import views as systems
from portal.usage.systems import views_papers

app_name = "usage"

urlpatterns = [
    path("", views.overview, name="overview"),
    path("chung-thu/", views.certificates, name="certificates"),
    path("chung-thu/<uuid:code>/", views.certificate, name="certificate"),
    path("don-vi/", views.bodies, name="bodies"),
    path("don-vi/<uuid:code>/", views.body, name="body"),
    path("canh-bao/", alarms.alarm_list, name="alarms"),
    path("canh-bao/<uuid:code>/", alarms.alarm, name="alarm"),
    path("canh-bao/<uuid:code>/giai-trinh/", alarms.explain, name="explain_alarm"),
    path("canh-bao/<uuid:code>/ket-luan/", alarms.close, name="close_alarm"),
    path("khong-dung/", inquiries.inquiry_list, name="inquiries"),
    path("khong-dung/hoi/", inquiries.ask, name="ask"),
    path("khong-dung/tra-loi/", inquiries.answer, name="answer"),
    path("cong-cong/", public.public_list, name="public"),
    path("cong-cong/ghi/", public.note, name="note_public"),
    path("cong-cong/<uuid:code>/", public.public, name="public_one"),
    path("cong-cong/<uuid:code>/thay-the/", public.replace, name="replace_public"),
    path("cong-cong/<uuid:code>/thoi-dung/", public.end, name="end_public"),
    path("he-thong/", systems.system_list, name="systems"),
    path("he-thong/dang-ky/", systems.register, name="register_system"),
    path("he-thong/<uuid:code>/", systems.system, name="system"),
    path("he-thong/<uuid:code>/cap-ma/", systems.make_token, name="make_token"),
    path("he-thong/<uuid:code>/huy-ma/", systems.end_token, name="end_token"),
    path("he-thong/<uuid:code>/ngung/", systems.end, name="end_system"),
    path("he-thong/<uuid:code>/nap-tep/", systems.upload, name="upload_events"),
    path("van-ban-da-ky/", views_papers.papers, name="papers"),
]
