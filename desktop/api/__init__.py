"""What a plugin may see; re-exports only, so that the rooms below can change without breaking one.

May import: every room below. Deliberately absent: Qt, the store, the open project.

A plugin is one file with a literal ``PLUGIN = {"name": …, "version": …, "api": 1, "author": …}``
and a function ``register(registry)`` that adds its tools and exporters.
"""

from desktop.commands.annotation import (
    AddAnnotation,
    AnswerRegion,
    DeleteAnnotations,
    PaintedFrame,
    PaintMask,
    RelabelAnnotations,
    ReshapeAnnotation,
)
from desktop.domain.annotation import Annotation, Answer, Label, MaskSlice, Origin, Target
from desktop.domain.contracts import Command, Progress
from desktop.domain.errors import FileProblem, PluginProblem, UserError
from desktop.domain.geometry import (
    Box,
    Ellipse,
    Mask,
    Point,
    Polygon,
    Polyline,
    RotatedBox,
)
from desktop.domain.runs import decode_runs, encode_runs, shape_mask
from desktop.domain.schema import Code, LabelClass, Question, Schema, Scope
from desktop.domain.study import Case, FrameRef, Instance, Series
from desktop.exchange.exporter import BundleOptions, Mismatch, Note, Part, Written
from desktop.exchange.snapshot import Snapshot
from desktop.interaction.context import ToolContext
from desktop.interaction.event import Button, GestureEvent, KeyEvent, Kind
from desktop.interaction.tool import Option, ShapePreview, Tool, ToolInfo, ToolUpdate

API_VERSION = 1

__all__ = [
    "API_VERSION",
    "AddAnnotation",
    "Annotation",
    "Answer",
    "AnswerRegion",
    "Box",
    "BundleOptions",
    "Button",
    "Case",
    "Code",
    "Command",
    "DeleteAnnotations",
    "Ellipse",
    "FileProblem",
    "FrameRef",
    "GestureEvent",
    "Instance",
    "KeyEvent",
    "Kind",
    "Label",
    "LabelClass",
    "Mask",
    "MaskSlice",
    "Mismatch",
    "Note",
    "Option",
    "Origin",
    "PaintMask",
    "PaintedFrame",
    "Part",
    "PluginProblem",
    "Point",
    "Polygon",
    "Polyline",
    "Progress",
    "Question",
    "RelabelAnnotations",
    "ReshapeAnnotation",
    "RotatedBox",
    "Schema",
    "Scope",
    "Series",
    "ShapePreview",
    "Snapshot",
    "Target",
    "Tool",
    "ToolContext",
    "ToolInfo",
    "ToolUpdate",
    "UserError",
    "Written",
    "decode_runs",
    "encode_runs",
    "shape_mask",
]
