"""B2 on Mẫu 05: a row of a 1,000-row letter, of its notice and of its effect, against 100 rows."""

from __future__ import annotations

import statistics
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

import common

RUNS = 7
FEW, MANY = 100, 1_000


def main() -> None:
    common.boot()
    from django.utils import timezone  # noqa: PLC0415

    from requests_app.catalogue.mau_05_revoke import effect as revoking  # noqa: PLC0415
    from requests_app.execution import services as execution  # noqa: PLC0415
    from requests_app.submission import letters  # noqa: PLC0415

    people = _people()
    dialect = common.dialect()
    letters.render(_confirmed(people, FEW))  # the first one loads fonts and templates

    def carried_out(dossier: Any) -> Callable[[], object]:
        return partial(execution.execute, dossier.pk, now=timezone.now())

    def chunks(dossier: Any) -> Callable[[], object]:
        execution.begin(dossier.pk, now=timezone.now())

        def revoke() -> None:
            while chunk := execution.next_chunk(dossier.pk):
                revoking.do_chunk(dossier.pk, chunk, now=timezone.now())

        return revoke

    _measure("B2 Mẫu 05: a row of the letter", people, lambda one: partial(letters.render, one))
    _measure(f"B2 Mẫu 05: a row revoked ({dialect})", people, chunks)
    _measure(f"B2 Mẫu 05: a row to the notice and the recall ({dialect})", people, carried_out)


def _measure(name: str, people: Any, work: Callable[[Any], Callable[[], object]]) -> None:
    """Do ``work`` on fresh dossiers of both sizes in turn and compare what a row costs."""
    few, many = [], []
    for _ in range(RUNS):
        few.append(common.seconds(work(_confirmed(people, FEW))) / FEW)
        many.append(common.seconds(work(_confirmed(people, MANY))) / MANY)
    common.report(name, statistics.median(many), statistics.median(few), target=1.1, n=MANY)


def _people() -> Any:
    """The bodies and accounts a dossier needs, made as the tests make them."""
    from requests_app.models import Procedure  # noqa: PLC0415
    from tests import story  # noqa: PLC0415

    return story.cast(procedure=Procedure.REVOKE)


def _confirmed(people: Any, rows: int) -> Any:
    """A confirmed dossier that names as many certificates, each on a device in hand."""
    from django.utils import timezone  # noqa: PLC0415

    from requests_app.catalogue.mau_05_revoke.prefill import rows_of  # noqa: PLC0415
    from requests_app.models import Decision, DossierItem  # noqa: PLC0415
    from requests_app.workflow import State  # noqa: PLC0415
    from tests import builders  # noqa: PLC0415

    dossier = builders.dossier(
        agency=people.agency,
        state=State.ACCEPTED,
        kind="mau_05_revoke",
        rows=0,
        row_count=rows,
        created_by=people.clerk,
        updated_at=timezone.now(),
    )
    certificates = [_held(people, number) for number in range(rows)]
    answers = rows_of(certificates, cause="retired", reason="Từ ngày 01/12/2026")
    DossierItem.objects.bulk_create(
        DossierItem(
            dossier=dossier,
            position=position,
            title=certificate.common_name,
            search_title=certificate.search_name,
            answers={**answer, "issued_on": "25/08/2024", "issue_place": "CCSQLHCVTTXH"},
            certificate=certificate,
            device=certificate.key.device,
            subscriber=certificate.subscriber,
            decision=Decision.ACCEPTED,
            request_key=uuid.uuid4().hex,
        )
        for position, (certificate, answer) in enumerate(
            zip(certificates, answers, strict=True), start=1
        )
    )
    return dossier


def _held(people: Any, number: int) -> Any:
    from tests import builders  # noqa: PLC0415

    holder = builders.person(f"Lò Văn Thử {number}", at=people.agency)
    key = builders.key()
    builders.in_hands_of(holder, key)
    return builders.certificate(subscriber=holder, key_pair=key)


if __name__ == "__main__":
    main()
