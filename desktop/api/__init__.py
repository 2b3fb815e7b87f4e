"""What a plugin may see; re-exports only, so that the rooms below can change without breaking one.

May import: every room below. Deliberately absent: Qt, the store, the open project.

A plugin is one file with a literal ``PLUGIN = {"name": …, "version": …, "api": 1, "author": …}``
and a function ``register(registry)`` that adds its tools, exporters, kinds of rules, consensus
methods, model adapters and the like.
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
from desktop.domain.errors import FileProblem, ModelProblem, PluginProblem, UserError
from desktop.domain.geometry import (
    Box,
    Ellipse,
    Mask,
    Point,
    Polygon,
    Polyline,
    RotatedBox,
)
from desktop.domain.model_card import Task as ModelTask
from desktop.domain.runs import decode_runs, encode_runs, shape_mask
from desktop.domain.schema import Code, LabelClass, Question, Schema, Scope
from desktop.domain.study import Case, FrameRef, Instance, Series
from desktop.engines.consensus.mask_consensus import MaskEstimate, MaskMethod, MaskOptions
from desktop.engines.consensus.mask_patterns import Patterns
from desktop.engines.estimate import ConsensusMethod, Estimate, Options
from desktop.engines.learning.image_features import FeatureExtractor
from desktop.engines.learning.learner import Fitted, Learner
from desktop.engines.learning.pixel_learner import FittedPixels, PixelLearner
from desktop.engines.learning.samplers import Sampler, Scene
from desktop.engines.rules.rule_kinds import Asks, Field, Need, RuleKind
from desktop.engines.rules.rule_subject import Picture, RegionFacts, Subject
from desktop.engines.rules.rules_in_code import labeling_function
from desktop.engines.synthesis.synthetic import Drawn, Generator, Slider
from desktop.engines.votes import Votes
from desktop.exchange.exporter import BundleOptions, Mismatch, Note, Part, Written
from desktop.exchange.snapshot import Snapshot
from desktop.inference.adapters import ImageSeen, ModelAdapter, Spotted
from desktop.inference.host import ModelHost
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
    "Asks",
    "Box",
    "BundleOptions",
    "Button",
    "Case",
    "Code",
    "Command",
    "ConsensusMethod",
    "DeleteAnnotations",
    "Drawn",
    "Ellipse",
    "Estimate",
    "FeatureExtractor",
    "Field",
    "FileProblem",
    "Fitted",
    "FittedPixels",
    "FrameRef",
    "Generator",
    "GestureEvent",
    "ImageSeen",
    "Instance",
    "KeyEvent",
    "Kind",
    "Label",
    "LabelClass",
    "Learner",
    "Mask",
    "MaskEstimate",
    "MaskMethod",
    "MaskOptions",
    "MaskSlice",
    "Mismatch",
    "ModelAdapter",
    "ModelHost",
    "ModelProblem",
    "ModelTask",
    "Need",
    "Note",
    "Option",
    "Options",
    "Origin",
    "PaintMask",
    "PaintedFrame",
    "Part",
    "Patterns",
    "Picture",
    "PixelLearner",
    "PluginProblem",
    "Point",
    "Polygon",
    "Polyline",
    "Progress",
    "Question",
    "RegionFacts",
    "RelabelAnnotations",
    "ReshapeAnnotation",
    "RotatedBox",
    "RuleKind",
    "Sampler",
    "Scene",
    "Schema",
    "Scope",
    "Series",
    "ShapePreview",
    "Slider",
    "Snapshot",
    "Spotted",
    "Subject",
    "Target",
    "Tool",
    "ToolContext",
    "ToolInfo",
    "ToolUpdate",
    "UserError",
    "Votes",
    "Written",
    "decode_runs",
    "encode_runs",
    "labeling_function",
    "shape_mask",
]
