"""Addresses of inspections."""

from __future__ import annotations

from django.urls import path

from portal.inspection.assessments import views as assessments
from portal.inspection.comparison import views as comparison
from portal.inspection.findings import views as findings
from portal.inspection.proposals import views as proposals
from portal.inspection.rounds import views as rounds
from portal.inspection.visits import views as visits

app_name = "inspection"
urlpatterns = [
    path("", rounds.index, name="list"),
    path("mo-dot/", rounds.open_round, name="open"),
    path("danh-muc/", rounds.checklist, name="checklist"),
    path("danh-muc/theo-mau/", rounds.take_standard, name="take_standard"),
    path("danh-muc/<uuid:uuid>/", rounds.item, name="item"),
    path("danh-muc/<uuid:uuid>/bo/", rounds.retire, name="retire"),
    path("so-sanh/", comparison.compare, name="compare"),
    path("so-sanh/bieu-do.svg", comparison.chart, name="chart"),
    path("lich-kiem-tra/", visits.index, name="visits"),
    path("kien-nghi/", findings.index, name="findings"),
    path("kien-nghi/<uuid:uuid>/", findings.finding, name="finding"),
    path("kien-nghi/<uuid:uuid>/buoc/", findings.take_step, name="finding_step"),
    path("de-nghi/", proposals.index, name="proposals"),
    path("de-nghi/<uuid:uuid>/ket-luan/", proposals.decide, name="decide"),
    path("minh-chung/<uuid:uuid>/", assessments.evidence, name="evidence"),
    path("tu-danh-gia/<uuid:uuid>/", assessments.assessment, name="assessment"),
    path("tu-danh-gia/<uuid:uuid>/tra-loi/", assessments.write, name="write"),
    path("tu-danh-gia/<uuid:uuid>/danh-gia/", assessments.review, name="review"),
    path("tu-danh-gia/<uuid:uuid>/buoc/", assessments.take_step, name="assessment_step"),
    path("tu-danh-gia/<uuid:uuid>/lich-kiem-tra/", visits.plan, name="plan_visit"),
    path("tu-danh-gia/<uuid:uuid>/kien-nghi/", findings.make, name="make_finding"),
    path("bien-ban/<uuid:uuid>/", visits.visit, name="visit"),
    path("bien-ban/<uuid:uuid>/noi-dung/", visits.write, name="write_visit"),
    path("bien-ban/<uuid:uuid>/so-ngay/", visits.PAPERS.number, name="number"),
    path("bien-ban/<uuid:uuid>/ban-quet/", visits.PAPERS.scan, name="scan"),
    path("bien-ban/<uuid:uuid>/buoc/", visits.PAPERS.step, name="visit_step"),
    path("bien-ban/<uuid:uuid>/bien-ban.pdf", visits.PAPERS.pdf, name="pdf"),
    path("<uuid:uuid>/", rounds.round_page, name="round"),
    path("<uuid:uuid>/them-don-vi/", rounds.add_body, name="add_body"),
    path("<uuid:uuid>/ket-thuc/", rounds.close, name="close"),
]
