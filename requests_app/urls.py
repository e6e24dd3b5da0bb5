"""Addresses of dossiers."""

from __future__ import annotations

from django.urls import include, path

from requests_app.archive import views as archive
from requests_app.decision import views as deciding
from requests_app.dossier_pages.views import detail, letter_mails, lists, papers
from requests_app.inquiries import views as inquiries
from requests_app.mandates import views as mandates
from requests_app.minutes import views as minutes
from requests_app.official_papers import views as official_papers
from requests_app.outside_ca import views as outside_ca
from requests_app.routing import views as routing
from requests_app.signatures.views import batch_signing, signature
from requests_app.worklist.views import dashboard

app_name = "requests_app"

urlpatterns = [
    path("", lists.dossier_list, name="list"),
    path("cho-xu-ly/", lists.queue, name="queue"),
    path("theo-doi/", lists.copies, name="copies"),
    path("nguoi-chuyen-cong-tac/", inquiries.inquiries, name="inquiries"),
    path("uy-quyen/", mandates.mandates, name="mandates"),
    path("uy-quyen/<uuid:uuid>/rut/", mandates.withdraw, name="withdraw_mandate"),
    path("ghi-so-nhieu/", batch_signing.number_many, name="number_many"),
    path("ky-nhieu/", batch_signing.sign_many, name="sign_many"),
    path("tong-hop/", dashboard.dashboard, name="dashboard"),
    path("noi-nhan/", routing.rules, name="routing"),
    path("noi-nhan/them/", routing.add, name="add_rule"),
    path("noi-nhan/mau/", routing.preset, name="preset_rules"),
    path("noi-nhan/<uuid:uuid>/ket-thuc/", routing.end, name="end_rule"),
    path("noi-nhan/de-nghi/<uuid:uuid>/xac-nhan/", routing.confirm, name="confirm_rules"),
    path("noi-nhan/de-nghi/<uuid:uuid>/tu-choi/", routing.decline, name="decline_rules"),
    path("noi-nhan/de-nghi/<uuid:uuid>/rut/", routing.withdraw, name="withdraw_rules"),
    path("van-ban/", official_papers.index, name="official_papers"),
    path("van-ban/ky-nhieu/", official_papers.sign_many, name="sign_papers"),
    path("van-ban/<uuid:uuid>/", official_papers.paper, name="official_paper"),
    path("van-ban/<uuid:uuid>/so-ngay/", official_papers.PAPERS.number, name="number_paper"),
    path("van-ban/<uuid:uuid>/ban-quet/", official_papers.PAPERS.scan, name="paper_scan"),
    path("van-ban/<uuid:uuid>/buoc/", official_papers.PAPERS.step, name="paper_step"),
    path("van-ban/<uuid:uuid>/van-ban.pdf", official_papers.PAPERS.pdf, name="paper_pdf"),
    path("luu-tru/", archive.index, name="archive"),
    path("luu-tru/xuat/", archive.export, name="export_archive"),
    path("<uuid:uuid>/luu-tru.zip", archive.download, name="archive_package"),
    path("ca-khac/", outside_ca.index, name="outside_ca"),
    path("<uuid:uuid>/ca-khac/", outside_ca.answers, name="ca_answers"),
    path("<uuid:uuid>/ca-khac/xac-nhan/", outside_ca.confirm, name="confirm_ca_answers"),
    path("<uuid:uuid>/ca-khac/goi.zip", outside_ca.package, name="ca_package"),
    path("<uuid:uuid>/", detail.detail, name="detail"),
    path("<uuid:uuid>/thu-dien-tu/", letter_mails.letter_mails, name="letter_mails"),
    path("da-nhan/<str:token>/", letter_mails.confirm, name="confirm_mail"),
    path("<uuid:uuid>/buoc/", detail.take_step, name="take_step"),
    path("<uuid:uuid>/da-ghi-nhan/", detail.done, name="done"),
    path("<uuid:uuid>/tien-do/", detail.progress, name="progress"),
    path("<uuid:uuid>/dong/<uuid:row_uuid>/", detail.row, name="row"),
    path("<uuid:uuid>/kiem-tra/", signature.check, name="check"),
    path("<uuid:uuid>/tach/", signature.split, name="split"),
    path("<uuid:uuid>/kiem-tra/tra-loi/", signature.answer, name="answer"),
    path("<uuid:uuid>/ky/", signature.sign, name="sign"),
    path("<uuid:uuid>/xem-xet/", deciding.review, name="review"),
    path("<uuid:uuid>/xem-xet/dong/", deciding.decide_rows, name="decide_rows"),
    path("<uuid:uuid>/xem-xet/chap-nhan-het/", deciding.accept_all, name="accept_all"),
    path("<uuid:uuid>/phe-duyet/", deciding.confirm, name="confirm"),
    path("<uuid:uuid>/giao-nhan/", minutes.minutes, name="minutes"),
    path("<uuid:uuid>/giao-nhan/quet/", minutes.tick_devices, name="tick_devices"),
    path("<uuid:uuid>/giao-nhan/dong/", minutes.confirm_devices, name="confirm_devices"),
    path("<uuid:uuid>/van-ban.pdf", papers.letter, name="letter"),
    path("<uuid:uuid>/van-ban/", papers.preview, name="preview"),
    path("<uuid:uuid>/van-ban/ban-in/", papers.letter_preview, name="letter_preview"),
    path("<uuid:uuid>/van-ban/ban-in.pdf", papers.preview_file, name="preview_file"),
    path("<uuid:uuid>/tai-lieu/", papers.attach, name="attach"),
    path("<uuid:uuid>/tai-lieu/<uuid:attachment_uuid>/", papers.attachment, name="attachment"),
    path("<uuid:uuid>/tai-lieu/<uuid:attachment_uuid>/bo/", papers.detach, name="detach"),
    path(
        "<uuid:uuid>/van-ban-kem/<uuid:document_uuid>/",
        papers.event_document,
        name="event_document",
    ),
    path("<uuid:uuid>/van-ban-giao/<uuid:paper_uuid>/", papers.paper, name="paper"),
    path("", include("requests_app.start_page.urls")),
    path("", include("requests_app.drafts.urls")),
    path("", include("requests_app.covering_letters.urls")),
]
