"""The formats that ship with the app, registered as a plugin would."""

from __future__ import annotations

from desktop.exchange.audit import AuditExporter
from desktop.exchange.coco import CocoExporter
from desktop.exchange.dicom_seg import SegExporter
from desktop.exchange.dicom_sr import SrExporter
from desktop.exchange.exporter import register
from desktop.exchange.ground_truth import GroundTruthExporter
from desktop.exchange.imagefolder import ImageFolderExporter
from desktop.exchange.labelbox import LabelboxExporter
from desktop.exchange.masks import NpyExporter, PngExporter
from desktop.exchange.nifti import NiftiExporter
from desktop.exchange.preference import PreferenceExporter
from desktop.exchange.quality_figures import QualityExporter
from desktop.exchange.rule_votes import RuleVotesExporter
from desktop.exchange.tables import TableExporter

for _exporter in (
    CocoExporter(),
    PngExporter(),
    NiftiExporter(),
    NpyExporter(),
    SegExporter(),
    SrExporter(),
    TableExporter(),
    PreferenceExporter(),
    RuleVotesExporter(),
    GroundTruthExporter(),
    QualityExporter(),
    LabelboxExporter(),
    ImageFolderExporter(),
    AuditExporter(),
):
    register(_exporter)
