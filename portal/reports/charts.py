"""Charts as SVG made at the server: the same picture on the page and in the report."""

from __future__ import annotations

import pygal
from lxml import etree
from pygal.style import Style

from portal.reports.series import Series

_FONT = "Liberation Sans, Noto Sans, sans-serif"
# Told apart without colour too: dark and light, and each chart has its table beside it.
_STYLE = Style(
    background="#ffffff",
    plot_background="#ffffff",
    foreground="#1d2733",
    foreground_strong="#1d2733",
    foreground_subtle="#5b6875",
    colors=("#1c4f8c", "#d9822b", "#4f8a5b", "#8c3b3b", "#6b5b95", "#7a7a7a"),
    font_family=_FONT,
    guide_stroke_color="#d5dbe1",
    major_guide_stroke_color="#d5dbe1",
    guide_stroke_dasharray="none",
    major_guide_stroke_dasharray="none",
    opacity="1",
    transition="0s",
    label_font_size=12,
    major_label_font_size=12,
    legend_font_size=13,
    value_font_size=11,
    no_data_font_size=16,
)
_MOST_LABELS = 13
_MOST_GUIDES = 8


def draw(series: Series) -> str:
    """Return a bar chart as SVG text, which runs nothing and loads nothing."""
    chart = pygal.Bar(
        js=[],
        style=_STYLE,
        width=900,
        height=340,
        x_label_rotation=35,
        legend_at_bottom=True,
        show_legend=len(series.lines) > 1,
        truncate_legend=-1,
        no_data_text="",
        x_labels_major_every=max(1, -(-len(series.labels) // _MOST_LABELS)),
        show_minor_x_labels=False,
        formatter=lambda value: f"{value:.0f}",
    )
    chart.x_labels = list(series.labels)
    most = max((number for line in series.lines.values() for number in line), default=0)
    if most:
        step = -(-most // _MOST_GUIDES)
        chart.y_labels = list(range(0, most + step, step))  # things are whole
    for name, numbers in series.lines.items():
        chart.add(name, list(numbers))
    root = chart.render_tree()
    for script in root.findall(".//{*}script"):  # its settings, left without any code as well
        script.getparent().remove(script)
    return str(etree.tostring(root, encoding="unicode"))
