"""The look as data: colour tokens, and the palette and style sheet made from them."""

from __future__ import annotations

from dataclasses import dataclass
from string import Template

from PySide6.QtCore import QDir
from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QApplication

from desktop.workspace.places import resources_dir

FONT_PX = 13
SMALL_PX = 11
SPACE = (4, 8, 12, 16)
RADIUS = 6
ICON_PX = 20


@dataclass(frozen=True)
class Theme:
    """Colours by role, written #RRGGBB.

    ``edge`` bounds things that are typed into or ticked, ``field`` fills them, ``on_accent`` is
    text on an accent surface, ``chosen`` the ground of a chosen row, ``faint`` text of things
    that are switched off.
    """

    name: str
    canvas: str
    window: str
    surface: str
    raised: str
    line: str
    edge: str
    field: str
    text: str
    muted: str
    faint: str
    accent: str
    on_accent: str
    accent_hover: str
    chosen: str
    hover: str
    ok: str
    warn: str
    danger: str
    on_danger: str


DARK = Theme(
    name="dark",
    canvas="#000000",
    window="#16181C",
    surface="#1E2126",
    raised="#272B31",
    line="#343941",
    edge="#707A87",
    field="#16181C",
    text="#E6E8EB",
    muted="#9AA3AE",
    faint="#6B7480",
    accent="#4DA3FF",
    on_accent="#08121F",
    accent_hover="#74B7FF",
    chosen="#20344A",
    hover="#2C3138",
    ok="#4CC38A",
    warn="#F2B84B",
    danger="#F2726F",
    on_danger="#240606",
)

LIGHT = Theme(
    name="light",
    canvas="#1A1B1E",
    window="#F4F5F7",
    surface="#FFFFFF",
    raised="#FFFFFF",
    line="#D5D9DF",
    edge="#7F8894",
    field="#FFFFFF",
    text="#1B1F24",
    muted="#5B6570",
    faint="#8C95A0",
    accent="#0B66D0",
    on_accent="#FFFFFF",
    accent_hover="#0957B2",
    chosen="#DCEBFB",
    hover="#EBEEF2",
    ok="#1B7F4D",
    warn="#9A6200",
    danger="#C0342F",
    on_danger="#FFFFFF",
)

THEMES = {theme.name: theme for theme in (DARK, LIGHT)}

_current = DARK


def current() -> Theme:
    """The theme in use; for widgets that paint themselves."""
    return _current


def apply(app: QApplication, name: str) -> Theme:
    """Dress the whole application."""
    global _current
    _current = THEMES[name]
    QDir.setSearchPaths("styles", [str(resources_dir() / "styles")])
    sheet = stylesheet(_current)
    if app.styleSheet() != sheet:  # dressing again what is dressed costs seconds in a full window
        app.setStyle("Fusion")
        app.setFont(font())
        app.setPalette(palette(_current))
        app.setStyleSheet(sheet)
    return _current


def font(px: int = FONT_PX, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """The system's font in the app's size, with digits of one width."""
    made = QFont(QApplication.font())
    made.setPixelSize(px)
    made.setWeight(weight)
    made.setFeature(QFont.Tag("tnum"), 1)
    return made


def palette(theme: Theme) -> QPalette:
    """Qt's palette from the tokens, for everything the style sheet leaves to the style."""
    role = QPalette.ColorRole
    colours = {
        role.Window: theme.window,
        role.WindowText: theme.text,
        role.Base: theme.field,
        role.AlternateBase: theme.surface,
        role.ToolTipBase: theme.raised,
        role.ToolTipText: theme.text,
        role.Text: theme.text,
        role.PlaceholderText: theme.muted,
        role.Button: theme.raised,
        role.ButtonText: theme.text,
        role.BrightText: theme.danger,
        role.Link: theme.accent,
        role.LinkVisited: theme.accent,
        role.Highlight: theme.accent,
        role.HighlightedText: theme.on_accent,
        role.Accent: theme.accent,
        role.Light: theme.line,
        role.Mid: theme.line,
        role.Dark: theme.line,
    }
    made = QPalette()
    for key, value in colours.items():
        made.setColor(key, QColor(value))
    for key in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, key, QColor(theme.faint))
    return made


def stylesheet(theme: Theme) -> str:
    """The one style sheet, with the tokens put in."""
    text = (resources_dir() / "styles" / "room.qss").read_text(encoding="utf-8")
    values = {name: getattr(theme, name) for name in Theme.__dataclass_fields__}
    return Template(text).substitute(values, font_px=FONT_PX, small_px=SMALL_PX, radius=RADIUS)


def contrast(a: str, b: str) -> float:
    """Contrast ratio of two colours, 1 to 21.

    Source: WCAG 2.2, relative luminance and contrast ratio.
    """
    lighter, darker = sorted((_luminance(a), _luminance(b)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
