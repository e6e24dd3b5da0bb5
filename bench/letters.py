"""B, B2: a letter of 20 rows against bare WeasyPrint; a row among 1,000 against one among 100."""

from __future__ import annotations

import statistics

import common

RUNS = 7
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
    common.compare(
        "B letter of 20 rows", lambda: letters.render(letter), bare, target=1.1, runs=2 * RUNS
    )

    few, many = builders.petition(FEW), builders.petition(MANY)
    few_seconds, many_seconds = [], []
    for _ in range(RUNS):
        few_seconds.append(common.seconds(lambda: letters.render(few)) / FEW)
        many_seconds.append(common.seconds(lambda: letters.render(many)) / MANY)
    common.report(
        "B2 a row at 1,000 rows",
        statistics.median(many_seconds),
        statistics.median(few_seconds),
        target=1.1,
        n=MANY,
    )


if __name__ == "__main__":
    main()
