"""How agreement is counted: the coefficient, its scale, and whether open cases count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QWidget

from desktop.gui.widgets.furniture import across

if TYPE_CHECKING:
    from desktop.workspace.quality.quality_measures import BoardOptions, OwnWeights

_USUAL = "Usual scale"
_LEVELS = {
    "nominal": "Nominal: the same or not",
    "ordinal": "Ordinal: ranks",
    "interval": "Interval: differences",
    "ratio": "Ratio: relative differences",
    "circular": "Circular: angles, hours",
}
_SCHEMES = {
    "identity": "No weights",
    "linear": "Linear weights",
    "quadratic": "Quadratic weights",
    "ordinal": "Ordinal weights",
    "radical": "Radical weights",
    "ratio": "Ratio weights",
    "circular": "Circular weights",
    "bipolar": "Bipolar weights",
}


class QualityChoices(QWidget):
    """``changed``: the board should be counted anew."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        from desktop.workspace.quality.quality_measures import ABOUT, Measure

        row = across(self, gap=12)
        row.addStretch(1)
        self.measure = QComboBox()
        self.measure.setAccessibleName("Coefficient of agreement")
        self.measure.setToolTip(
            "Which coefficient the board shows; the others are in its tooltips."
        )
        for number, measure in enumerate(Measure):
            self.measure.addItem(measure.value, measure)
            self.measure.setItemData(number, ABOUT[measure], Qt.ItemDataRole.ToolTipRole)
        self.measure.currentIndexChanged.connect(self._measure_chosen)
        row.addWidget(self.measure)
        self.scale = QComboBox()
        self.scale.setAccessibleName("Scale of the coefficient")
        self.scale.setMinimumContentsLength(22)
        self.scale.currentIndexChanged.connect(lambda _n: self.changed.emit())
        row.addWidget(self.scale)
        self.closed = QCheckBox("Closed cases only")
        self.closed.setChecked(True)
        self.closed.setToolTip(
            "Counts what readers handed in. Without it, answers on open cases count as well."
        )
        self.closed.toggled.connect(lambda _on: self.changed.emit())
        row.addWidget(self.closed)
        self._fill_scale()

    def options(self, own: tuple[tuple[str, OwnWeights], ...]) -> BoardOptions:
        """What is chosen just now; ``own``: weights given by hand."""
        from desktop.engines.agreement.alpha import Level
        from desktop.engines.agreement.measurement_agreement import Correlation
        from desktop.engines.agreement.weights import Scheme
        from desktop.workspace.quality.quality_measures import BoardOptions, Measure

        kinds = {"weights": Scheme, "level": Level, "form": Correlation}
        more: dict[str, Any] = {}
        if self.scale.currentData() is not None:  # Qt hands an enum of texts back as its text
            more[self._kind] = kinds[self._kind](self.scale.currentData())
        measure = Measure(self.measure.currentData())
        return BoardOptions(measure, self.closed.isChecked(), own=own, **more)

    def take_own_weights(self) -> None:
        """Own weights count again, whatever scheme was chosen; ``changed`` either way."""
        if self._kind == "weights" and self.scale.currentIndex() > 0:
            self.scale.setCurrentIndex(0)
        else:
            self.changed.emit()

    def _measure_chosen(self) -> None:
        self._fill_scale()
        self.changed.emit()

    def _fill_scale(self) -> None:
        """The scales that the coefficient has."""
        from desktop.engines.agreement.alpha import Level
        from desktop.engines.agreement.measurement_agreement import MEANING, Correlation
        from desktop.engines.agreement.weights import Scheme
        from desktop.workspace.quality.quality_measures import WEIGHTED, Measure

        measure = Measure(self.measure.currentData())
        self.scale.blockSignals(True)
        self.scale.clear()
        self._kind = "weights"
        tip = "How much two different answers still count as alike, in the schema's order."
        if measure in WEIGHTED:
            self.scale.addItem("Usual or own weights", None)
            for scheme in Scheme:
                self.scale.addItem(_SCHEMES[scheme.value], scheme)
        elif measure is Measure.ALPHA:
            self._kind, tip = "level", "What may be done with two answers to tell their distance."
            self.scale.addItem(_USUAL, None)
            for level in Level:
                self.scale.addItem(_LEVELS[level.value], level)
        elif measure is Measure.ICC:
            self._kind, tip = "form", "Model and unit, as Shrout and Fleiss name them."
            for form in Correlation:
                self.scale.addItem(form.value, form)
                at = self.scale.count() - 1
                self.scale.setItemData(at, MEANING[form], Qt.ItemDataRole.ToolTipRole)
            self.scale.setCurrentIndex(list(Correlation).index(Correlation.RANDOM_SINGLE))
        else:
            self.scale.addItem(_USUAL, None)
            tip = "Each kind of question has its usual scale; choose a coefficient to change it."
        self.scale.setEnabled(self.scale.count() > 1)
        self.scale.setToolTip(tip)
        self.scale.blockSignals(False)
