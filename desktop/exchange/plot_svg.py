"""A plot as SVG text, without a screen: for reports, exports and pages read in a browser."""

from __future__ import annotations

from html import escape

from desktop.exchange.plot_layout import lay_out
from desktop.exchange.plot_shapes import Area, Box, Dot, Laid, Shape, Stroke, Words
from desktop.exchange.plots import Plot

PAPER = {
    "window": "#FFFFFF",
    "surface": "#FFFFFF",
    "raised": "#FFFFFF",
    "line": "#DFE3E8",
    "edge": "#7F8894",
    "text": "#1B1F24",
    "muted": "#4E5862",
    "accent": "#0B66D0",
    "ok": "#1B7F4D",
    "warn": "#9A6200",
    "danger": "#C0342F",
}
"""Inks on white paper."""


def plot_svg(
    plot: Plot, width: int = 640, height: int = 360, colours: dict[str, str] | None = None
) -> str:
    """A whole SVG document; the size is in pixels, ``colours`` gives a colour for each ink."""
    return laid_svg(lay_out(plot, width, height), plot.title or plot.y.label(), colours)


def laid_svg(laid: Laid, title: str = "", colours: dict[str, str] | None = None) -> str:
    """A laid-out plot as an SVG document, with what is said on hover as titles."""
    inks = colours or PAPER
    width, height = round(laid.width), round(laid.height)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" '
        f'font-family="Inter, Segoe UI, Noto Sans, Helvetica, Arial, sans-serif">'
    )
    parts = [head, f"<title>{escape(title)}</title>"]
    parts.append(f'<rect width="{width}" height="{height}" fill="{inks["surface"]}"/>')
    parts += [_shape(shape, inks) for shape in laid.shapes]
    for hit in laid.hits:
        parts.append(
            f'<rect x="{_n(hit.x)}" y="{_n(hit.y)}" width="{_n(hit.width)}" '
            f'height="{_n(hit.height)}" fill="{inks["surface"]}" fill-opacity="0">'
            f"<title>{escape(hit.words)}</title></rect>"
        )
    return "\n".join([*parts, "</svg>", ""])


def dot_points(dot: Dot) -> tuple[tuple[float, float], ...]:
    """Corners of a marker that is not a circle."""
    x, y, r = dot.x, dot.y, dot.radius
    if dot.shape == "square":
        s = r * 0.9
        return ((x - s, y - s), (x + s, y - s), (x + s, y + s), (x - s, y + s))
    if dot.shape == "triangle":
        return ((x, y - r * 1.2), (x + r * 1.1, y + r * 0.8), (x - r * 1.1, y + r * 0.8))
    return ((x, y - r * 1.3), (x + r * 1.3, y), (x, y + r * 1.3), (x - r * 1.3, y))


def _shape(shape: Shape, inks: dict[str, str]) -> str:
    ink = inks.get(shape.ink, shape.ink)
    if isinstance(shape, Stroke):
        dash = ' stroke-dasharray="5 4"' if shape.dashed else ""
        return (
            f'<polyline points="{_path(shape.points)}" fill="none" stroke="{ink}" '
            f'stroke-width="{_n(shape.width)}" stroke-opacity="{_n(shape.opacity)}" '
            f'stroke-linejoin="round"{dash}/>'
        )
    if isinstance(shape, Area):
        return _filled(shape.points, ink, shape.opacity)
    if isinstance(shape, Box):
        edge = f' stroke="{inks.get(shape.edge, shape.edge)}"' if shape.edge else ""
        return (
            f'<rect x="{_n(shape.x)}" y="{_n(shape.y)}" width="{_n(shape.width)}" '
            f'height="{_n(shape.height)}" fill="{ink}" fill-opacity="{_n(shape.opacity)}"{edge}/>'
        )
    if isinstance(shape, Dot):
        if shape.shape == "circle":
            return (
                f'<circle cx="{_n(shape.x)}" cy="{_n(shape.y)}" r="{_n(shape.radius)}" '
                f'fill="{ink}" fill-opacity="{_n(shape.opacity)}"/>'
            )
        return _filled(dot_points(shape), ink, shape.opacity)
    return _words(shape, ink)


def _words(shape: Words, ink: str) -> str:
    turn = f' transform="rotate(-90 {_n(shape.x)} {_n(shape.y)})"' if shape.turned else ""
    bold = ' font-weight="600"' if shape.bold else ""
    return (
        f'<text x="{_n(shape.x)}" y="{_n(shape.y)}" font-size="{shape.px}" fill="{ink}" '
        f'text-anchor="{shape.anchor}"{bold}{turn}>{escape(shape.text)}</text>'
    )


def _filled(points: tuple[tuple[float, float], ...], ink: str, opacity: float) -> str:
    return f'<polygon points="{_path(points)}" fill="{ink}" fill-opacity="{_n(opacity)}"/>'


def _path(points: tuple[tuple[float, float], ...]) -> str:
    return " ".join(f"{_n(x)},{_n(y)}" for x, y in points)


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
