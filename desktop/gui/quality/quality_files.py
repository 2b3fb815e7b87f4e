"""The quality report as files that need Qt: a PDF, and the plots as PNG beside the SVG."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QMarginsF, QSize, QSizeF, QUrl
from PySide6.QtGui import (
    QColor,
    QFont,
    QImage,
    QPageLayout,
    QPageSize,
    QPainter,
    QPdfWriter,
    QTextDocument,
)

from desktop.exchange.plot_layout import lay_out
from desktop.exchange.plot_svg import PAPER
from desktop.exchange.plots import Plot
from desktop.gui.widgets.plot import save_plot
from desktop.gui.widgets.plot_paint import measure, paint

if TYPE_CHECKING:
    from desktop.workspace.quality.quality_report import Report

_PLOT = QSize(640, 360)
_SHARP = 3


def write_report(report: Report, folder: Path) -> Path:
    """Everything that ``Report.write`` leaves, and report.pdf and plots/*.png; the HTML's path."""
    page = report.write(folder)
    for stem, plot in report.plots().items():
        save_plot(plot, folder / "plots" / f"{stem}.png", _PLOT)
    write_pdf(report, folder / "report.pdf")
    return page


def write_pdf(report: Report, path: Path) -> None:
    """The report on A4 pages."""
    document = QTextDocument()
    document.setDefaultFont(QFont("Helvetica", 9))

    def embed(stem: str, plot: Plot) -> str:
        url = QUrl(f"plot:{stem}")
        document.addResource(QTextDocument.ResourceType.ImageResource.value, url, _drawn(plot))
        return f'<p><img src="plot:{stem}" width="470" height="264"></p>'

    html = report.html(embed)
    document.setDefaultStyleSheet("td,th{padding:2px 5px;font-size:8pt} h1{font-size:16pt}")
    document.setHtml(html[: html.index("<style>")] + html[html.index("</style>") + 8 :])
    writer = QPdfWriter(str(path))
    writer.setTitle(f"Quality of {report.project}")
    writer.setCreator("Reading Room")
    writer.setPageLayout(
        QPageLayout(
            QPageSize(QPageSize.PageSizeId.A4),
            QPageLayout.Orientation.Portrait,
            QMarginsF(15, 15, 15, 15),
            QPageLayout.Unit.Millimeter,
        )
    )
    writer.setResolution(96)
    size = QSizeF(writer.width(), writer.height())
    document.setPageSize(size)
    document.print_(writer)


def _drawn(plot: Plot) -> QImage:
    image = QImage(_PLOT * _SHARP, QImage.Format.Format_RGB32)
    image.fill(QColor(PAPER["surface"]))
    with QPainter(image) as painter:
        painter.scale(_SHARP, _SHARP)
        paint(painter, lay_out(plot, _PLOT.width(), _PLOT.height(), measure), PAPER)
    return image
