"""One paper of each kind that the portal prints, as long as a test wants it, signed as it wants."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from functools import partial

from devices.models import Device, Stocktaking, StocktakingLine, StocktakingPlace
from devices.stocktaking import services as stocktaking
from orgmerge.models import MergerBody, MergerShare, PlanLine
from orgmerge.plans.annexes import AnnexPaper, numbered_reasons, print_annex
from orgmerge.succession import agency_list, records
from orgmerge.vocabulary import Extent, LineAbout, LineAction
from portal.agencies.models import Agency, AgencyVersion, Signer, SigningForm, Subscriber
from portal.ca.models import Certificate, KeyPair, Storage
from portal.core.roles import Role
from portal.demand.models import DemandProposal, DemandRound
from portal.demand.rows import ROWS
from portal.demand.services import letter_of as proposal_of
from portal.documents.letters import Letter
from portal.inspection.models import (
    Assessment,
    ChecklistItem,
    InspectionRound,
    InspectionVisit,
    RoundItem,
)
from portal.inspection.visits.services import letter_of as minutes_of
from portal.reports.models import Report
from portal.reports.services import letter_of as report_of
from portal.reports.subjects import subjects
from requests_app import kinds
from requests_app.catalogue.mau_04_renew_change.effect import new_certificates_notice_of
from requests_app.catalogue.mau_05_revoke.effect import revocation_notice_of
from requests_app.covering_letters.paper import covering_letter_of
from requests_app.models import (
    CoveredDossier,
    CoveringLetter,
    Decision,
    Dossier,
    DossierItem,
    OfficialPaper,
    ProceedingsItem,
    ProceedingsRequest,
)
from requests_app.official_papers.steps import letter_of as paper_of
from requests_app.proceedings.papers import answer_of, notice_of
from requests_app.submission.letter_content import (
    letter_of,
    receipt_letter_of,
    recovery_answer_of,
    refusal_letter_of,
)
from requests_app.submission.signers import Block
from requests_app.workflow import Route
from tests import builders
from tests.builders import NOW, TODAY
from tests.orgmerge import builders as mergers

NAME, SUPERIOR = "TRƯỜNG THCS SỐ 1", "ỦY BAN NHÂN DÂN XÃ THỬ"
SIGNERS = {
    "TM.": (SigningForm.HEAD, "CHỦ TỊCH"),
    "KT.": (SigningForm.DEPUTY, "PHÓ CHỦ TỊCH"),
    "TL.": (SigningForm.BY_ORDER, "CHÁNH VĂN PHÒNG"),
}
_SAMPLES = {
    "certificate_serial": "54A1B2C3D4E5F607",
    "old_serial": "54A1B2C3D4E5F607",
    "device_serial": "BIT4ID-012345",
    "email": "nguyenvanhuong.tanuyen@laichau.gov.vn",
    "identity_number": "012084900777",
    "phone": "0912345678",
}


@dataclass(frozen=True, slots=True)
class Order:
    """What a paper is to be like: whose, signed by whom, how many rows."""

    issuer: Agency
    signer: Signer
    rows: int

    @property
    def version(self) -> AgencyVersion:
        return self.issuer.versions.select_related("parent").get()


def order(form: str, rows: int) -> Order:
    """Return an order by a body that has one signer, of the form "TM.", "KT." or "TL."."""
    parent, office = builders.agency(SUPERIOR), builders.office()
    issuer = builders.agency(NAME, parent=parent, office=office)
    issuer.versions.update(signs_for="TM. ỦY BAN NHÂN DÂN")
    how, title = SIGNERS[form]
    signer = Signer.objects.create(
        agency=issuer,
        name="Vàng Thị Thu Hường",
        form=how,
        title=title,
        valid_from=date(2026, 1, 1),
    )
    return Order(issuer, signer, rows)


def _filled(fields: tuple[kinds.base.Field, ...]) -> dict[str, str]:
    return {
        one.name: one.choices[0][0] if one.choices else _SAMPLES.get(one.name, "Nội dung thử")
        for one in fields
    }


def _items(wanted: Order, **columns: object) -> list[DossierItem]:
    answers = {"device_serial": "BIT4ID-012345", "workplace": "UBND xã Tân Uyên, tỉnh Lai Châu"}
    return [
        DossierItem(
            position=number, title=f"Nguyễn Văn Hưởng {number}", **({"answers": answers} | columns)
        )
        for number in range(1, wanted.rows + 1)
    ]


def _certificate(number: int) -> Certificate:
    return Certificate(
        serial=f"{number:016X}",
        common_name=f"Nguyễn Thị Kim Oanh {number}",
        agency=Agency(pk=number, name="ỦY BAN NHÂN DÂN XÃ TÂN UYÊN"),
        key=KeyPair(pk=number, storage=Storage.TOKEN),
        issued_at=NOW,
        not_after=NOW + timedelta(days=1000),
        revoked_at=NOW,
    )


def _form(code: str, wanted: Order) -> Letter:
    kind = kinds.get(code)
    dossier = builders.dossier(
        kind=code,
        agency=wanted.issuer,
        rows=0,
        contact=_filled(kind.contact_fields),
        note="Đề nghị Quý Cơ quan xem xét, giải quyết theo quy định.",
    )
    return letter_of(dossier, _items(wanted, answers=_filled(kind.fields)))


def _answered(kind: str, wanted: Order) -> Dossier:
    return builders.dossier(kind=kind, route=Route.OFFICE_ONLY, office=wanted.issuer, rows=0)


def _official(letter: Letter, wanted: Order) -> Letter:
    """Return a paper as it is once it has its number, day and signer."""
    paper = OfficialPaper(
        agency=wanted.issuer,
        content=json.loads(json.dumps(asdict(letter), default=str)),
        letter_number="15/TB-CTS",
        letter_date=TODAY,
    )
    return paper_of(paper, now=NOW)


def _refusal(wanted: Order) -> Letter:
    items = _items(wanted, decision_reason="Thiếu văn bản của cơ quan quản lý trực tiếp.")
    return _official(refusal_letter_of(_answered("mau_01_person", wanted), items), wanted)


def _recovery_answer(wanted: Order) -> Letter:
    dossier = _answered("mau_06_recover", wanted)
    return _official(recovery_answer_of(dossier, _items(wanted), refused=1), wanted)


def _revocation_notice(wanted: Order) -> Letter:
    items = _items(wanted, device=Device(pk=1, serial="BIT4ID-012345"))
    for item in items:
        item.certificate = _certificate(item.position)
    fallen = {one.certificate.key_id: [one.certificate] for one in items if one.certificate}
    dossier = _answered("mau_05_revoke", wanted)
    return _official(revocation_notice_of(dossier, items, fallen, refused=1, now=NOW), wanted)


def _new_certificates_notice(wanted: Order) -> Letter:
    items = _items(wanted)
    for item in items:
        item.certificate, item.result = _certificate(item.position), _certificate(item.position)
    dossier = _answered("mau_04_renew_change", wanted)
    return _official(new_certificates_notice_of(dossier, items, now=NOW), wanted)


def _receipt(wanted: Order) -> Letter:
    dossier = builders.dossier(kind="mau_08_return", addressee=wanted.issuer, rows=0)
    items = _items(wanted, decision=Decision.ACCEPTED, decision_reason="Vỏ thiết bị bị nứt.")
    actor = builders.user(Role.OFFICE_OFFICER, name="Lý Thị Nhận")
    return receipt_letter_of(dossier, items, actor=actor, is_signed=True, now=NOW)


def _covering_letter(wanted: Order) -> Letter:
    covered = []
    for number in range(1, wanted.rows + 1):
        sender = Agency(pk=number, sort_name=f"{number:03}")
        version = AgencyVersion(agency=sender, name="ỦY BAN NHÂN DÂN XÃ TÂN UYÊN")
        dossier = Dossier(kind="mau_01_person", agency=sender, agency_version=version)
        covered.append(
            CoveredDossier(
                dossier=dossier, letter_number="12/UBND-VX", letter_date=TODAY, row_count=3
            )
        )
    letter = CoveringLetter(
        office=wanted.issuer, letter_number="68/SKHCN-CĐS", letter_date=TODAY, signer=wanted.signer
    )
    block = Block(wanted.signer.lines(wanted.version), wanted.signer.name)
    return covering_letter_of(letter, covered, wanted.version, block)


def _proceedings_answer(wanted: Order) -> Letter:
    request = ProceedingsRequest(
        agency=wanted.issuer,
        asker="Công an tỉnh Lai Châu",
        letter_number="68/CV-PC02",
        letter_date=TODAY,
        state=ProceedingsRequest.State.ACCEPTED,
    )
    numbers = range(1, wanted.rows + 1)
    items = [ProceedingsItem(serial=f"{number:016X}", is_revoked=True) for number in numbers]
    fallen = [_certificate(number) for number in numbers]
    return answer_of(request, items, fallen, issuer=wanted.version, now=NOW)


def _proceedings_notice(wanted: Order) -> Letter:
    fallen = [_certificate(number) for number in range(1, wanted.rows + 1)]
    serials = {one.key_id: "BIT4ID-012345" for one in fallen}
    body = Agency(name="ỦY BAN NHÂN DÂN XÃ TÂN UYÊN")
    return notice_of(body, fallen, serials, issuer=wanted.version, now=NOW)


def _proposal(wanted: Order) -> Letter:
    """The form has its own rows; what grows are the years, to eight."""
    last = 2026 + min(wanted.rows, 8)
    asked = DemandRound(
        opened_by_body=builders.office(),
        basis="Công văn số 12/SKHCN-CĐS ngày 05/01/2026",
        first_year=2027,
        last_year=last,
        row_codes=[row.code for row in ROWS],
    )
    cells = {row.code: dict.fromkeys(asked.years, 1200) for row in ROWS}
    proposal = DemandProposal(
        round=asked, agency=wanted.issuer, letter_number="7/UBND-VX", letter_date=TODAY, cells=cells
    )
    return proposal_of(proposal, now=NOW)


def _report(wanted: Order) -> Letter:
    """Of more than 300 bodies the tables leave them out: rows are shared out among subjects."""
    author = builders.user(Role.OFFICE_OFFICER)
    figures = {}
    for subject in subjects().values():
        counted = {one.code: 12 for one in subject.measures}
        lines = [
            [number, f"ỦY BAN NHÂN DÂN XÃ THỬ {number}", counted]
            for number in range(max(2, wanted.rows // len(subjects())))
        ]
        by = {one.code: lines for one in subject.dimensions_for(author)[:1]}
        figures[subject.code] = {"total": counted, "before": counted, "by": by}
    report = Report(
        agency=wanted.issuer,
        since=date(2026, 1, 1),
        until=date(2026, 6, 30),
        figures={"subjects": figures},
        remarks="Đã tập huấn cho toàn bộ cán bộ, công chức, viên chức trong cơ quan.",
        plans="Cần thêm 12 thiết bị lưu khóa bí mật.",
        letter_number="9/BC-SKHCN",
        letter_date=TODAY,
        made_by=author,
    )
    return report_of(report, now=NOW)


def _stocktaking(wanted: Order) -> Letter:
    clerk = builders.user(Role.CLERK, agency=wanted.issuer, name="Lò Thị Kiểm")
    found = Stocktaking.objects.create(
        place=StocktakingPlace.BODY,
        agency=wanted.issuer,
        opened_by=clerk,
        opened_at=NOW,
        remark="Sổ và thiết bị được giữ trong tủ có khóa.",
    )
    found.counted_by.add(clerk)
    found.closed_by = builders.user(Role.HEAD, agency=wanted.issuer, name="Vàng Văn Chốt")
    StocktakingLine.objects.bulk_create(
        StocktakingLine(
            stocktaking=found, serial=f"VG{number:06}", result=StocktakingLine.Result.UNKNOWN
        )
        for number in range(wanted.rows)
    )
    counts = stocktaking.Counts(expected=12, found=12, missing=0, strange=wanted.rows)
    return stocktaking._letter(found, counts, now=NOW)


def _inspection_minutes(wanted: Order) -> Letter:
    officer = builders.user(Role.OFFICE_OFFICER, agency=wanted.issuer)
    held = InspectionRound.objects.create(
        office=wanted.issuer,
        title="Kiểm tra năm 2026",
        basis="Kế hoạch số 12/KH-SKHCN ngày 05/01/2026",
        year=2026,
        due_on=TODAY,
        opened_by=officer,
        opened_at=NOW,
    )
    titles = [f"Nội dung kiểm tra thứ {number}" for number in range(wanted.rows)]
    sources = ChecklistItem.objects.bulk_create(
        ChecklistItem(office=wanted.issuer, position=1, title=one, points=1, updated_at=NOW)
        for one in titles
    )
    RoundItem.objects.bulk_create(
        RoundItem(round=held, source=one, source_version=1, position=1, title=one.title, points=1)
        for one in sources
    )
    visit = InspectionVisit.objects.create(
        office=wanted.issuer,
        assessment=Assessment.objects.create(round=held, agency=builders.agency(), updated_at=NOW),
        planned_on=TODAY,
        held_on=TODAY,
        members="Lý Văn Kiểm\nVàng Thị Tra",
        met_with="Phó Chủ tịch",
        found="Sổ theo dõi thiết bị lưu khóa bí mật được ghi đầy đủ.\nCòn giữ một thiết bị.",
        letter_number="5/BB-SKHCN",
        letter_date=TODAY,
        made_by=officer,
        made_at=NOW,
        updated_at=NOW,
    )
    return minutes_of(visit, now=NOW)


def _agency_list(wanted: Order) -> Letter:
    merger = mergers.merger(
        builders.user(Role.OFFICE_OFFICER, agency=wanted.issuer),
        contact_name="Lò Thị Đầu Mối",
        contact_phone="0912345678",
    )
    new = mergers.body(merger, "UBND XÃ MỚI")
    name = "ỦY BAN NHÂN DÂN XÃ CŨ"
    olds = Agency.objects.bulk_create(
        Agency(kind="agency", name=name, search_name="x", sort_name="x", province="Lai Châu")
        for _number in range(wanted.rows)
    )
    MergerShare.objects.bulk_create(
        MergerShare(merger=merger, position=at, old=one, new=new, extent=Extent.WHOLE)
        for at, one in enumerate(olds, start=1)
    )
    return agency_list.letter_of(merger, on=TODAY)


def _record(wanted: Order) -> Letter:
    merger = mergers.merger(builders.user(Role.OFFICE_OFFICER))
    new = mergers.body(merger, NAME, agency=wanted.issuer)
    share = MergerShare(merger=merger, old=builders.agency(), new=new)
    people = [
        Subscriber(kind="person", name=f"Nguyễn Văn Hưởng {number}")
        for number in range(wanted.rows)
    ]
    return records.letter_of(share, records.Lists([], people, []))


# Every function of the portal that makes a ``Letter`` stands here.
PAPERS: Mapping[str, Callable[[Order], Letter]] = {
    **{code: partial(_form, code) for code in kinds.KINDS},
    "covering_letter": _covering_letter,
    "refusal": _refusal,
    "receipt": _receipt,
    "recovery_answer": _recovery_answer,
    "revocation_notice": _revocation_notice,
    "new_certificates_notice": _new_certificates_notice,
    "proceedings_answer": _proceedings_answer,
    "proceedings_notice": _proceedings_notice,
    "demand_proposal": _proposal,
    "report": _report,
    "stocktaking_minutes": _stocktaking,
    "inspection_minutes": _inspection_minutes,
    "agency_list": _agency_list,
    "handover_record": _record,
}


def annex(rows: int) -> bytes:
    """Return the annex of a plan, which is no letter."""
    merger = mergers.merger(builders.user(Role.OFFICE_OFFICER))
    body = Agency(name="ỦY BAN NHÂN DÂN XÃ TÂN UYÊN")
    sender = MergerBody(name="ỦY BAN NHÂN DÂN XÃ MỚI")
    lines = [
        PlanLine(
            about=LineAbout.CERTIFICATE,
            title=f"Nguyễn Văn Hưởng {number}",
            agency=body,
            sender=sender,
            action=LineAction.CHANGE,
            form="04",
            reason="agency_renamed",
        )
        for number in range(rows)
    ]
    paper = AnnexPaper(
        merger=merger,
        lines=rows,
        reasons=numbered_reasons(["agency_renamed"]),
        is_narrowed=False,
        is_draft=False,
        day=TODAY,
    )
    return print_annex(paper, lines)
