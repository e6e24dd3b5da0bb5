"""B, B2: a letter of 20 rows against bare WeasyPrint; a row among 1,000 against one among 100."""

from __future__ import annotations

from collections.abc import Callable

import common

RUNS = 5
FEW, MANY = 100, 1_000


def main() -> None:
    common.boot()
    import weasyprint

    from portal.documents import layout, letters  # noqa: PLC0415
    from tests.documents import builders  # noqa: PLC0415

    letter = builders.petition(20)
    html = letters.render_html(letter, for_screen=False)
    with layout.press() as press:  # the one that is used again
        stylesheet, fonts = press.parsed(letters.STYLESHEET), press.fonts

    def bare() -> None:
        weasyprint.HTML(string=html).write_pdf(stylesheets=[stylesheet], font_config=fonts)

    letters.render(letter)  # the first one loads fonts and templates
    ours, baseline = _least(lambda: letters.render(letter), bare, runs=2 * RUNS)
    common.report("B letter of 20 rows", ours, baseline, target=1.1, n=1)

    few, many = builders.petition(FEW), builders.petition(MANY)
    many_seconds, few_seconds = _least(
        lambda: letters.render(many), lambda: letters.render(few), runs=RUNS
    )
    common.report(
        "B2 a row at 1,000 rows", many_seconds / MANY, few_seconds / FEW, target=1.1, n=MANY
    )


def _least(
    ours: Callable[[], object], baseline: Callable[[], object], *, runs: int
) -> tuple[float, float]:
    """Return the least processor time of each, run in turn: what a busy machine does not change."""
    times = [
        (common.processor_seconds(ours), common.processor_seconds(baseline)) for _run in range(runs)
    ]
    return min(one for one, _other in times), min(other for _one, other in times)


if __name__ == "__main__":
    main()
