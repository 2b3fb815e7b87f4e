"""The parts of an open project that are reached as ``workspace.NAME``, each made at first use."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from desktop.workspace.claims.adjudicating import AdjudicationDesk
    from desktop.workspace.claims.claims import Claims
    from desktop.workspace.claims.consensus import ConsensusDesk
    from desktop.workspace.claims.reviews import ReviewDesk
    from desktop.workspace.images.derived import DerivedImages
    from desktop.workspace.images.patches import Patches
    from desktop.workspace.images.pixel_text import PixelText
    from desktop.workspace.images.pixels import Pixels
    from desktop.workspace.images.synthetic import Synthetic
    from desktop.workspace.learning.learning import Learning
    from desktop.workspace.learning.outline_teacher import OutlineDesk
    from desktop.workspace.learning.splits import Splits
    from desktop.workspace.learning.teaching import TeachingDesk
    from desktop.workspace.models.help_desk import HelpDesk
    from desktop.workspace.models.models import Models
    from desktop.workspace.quality.quality import Quality
    from desktop.workspace.ranking.ranking import RankingDesk
    from desktop.workspace.rules.rules import Rules
    from desktop.workspace.schemas.schema_shelf import SchemaShelf
    from desktop.workspace.team.batches import Batches
    from desktop.workspace.team.gold import Gold
    from desktop.workspace.team.team import Team
    from desktop.workspace.workspace import Workspace


class Desks:
    """Mixed into Workspace. A part is a class around the workspace, loaded when it is wanted."""

    @functools.cached_property
    def batches(self) -> Batches:
        """Who reads what."""
        from desktop.workspace.team.batches import Batches

        return Batches(self._self())

    @functools.cached_property
    def claims(self) -> Claims:
        """What all readers said, for those who may see it."""
        from desktop.workspace.claims.claims import Claims

        return Claims(self._self())

    @functools.cached_property
    def gold(self) -> Gold:
        """Cases with a known answer, and how readers did on them."""
        from desktop.workspace.team.gold import Gold

        return Gold(self._self())

    @functools.cached_property
    def team(self) -> Team:
        """Copies for other machines, their bundles, and what is to be settled."""
        from desktop.workspace.team.team import Team

        return Team(self._self())

    @functools.cached_property
    def adjudication(self) -> AdjudicationDesk:
        """Where readers disagree, and what an adjudicator says about it."""
        from desktop.workspace.claims.adjudicating import AdjudicationDesk

        return AdjudicationDesk(self._self())

    @functools.cached_property
    def shelf(self) -> SchemaShelf:
        """The schemas of the project with their versions."""
        from desktop.workspace.schemas.schema_shelf import SchemaShelf

        return SchemaShelf(self._self())

    @functools.cached_property
    def rules(self) -> Rules:
        """Rules that vote on cases, frames and regions, and what comes of their votes."""
        from desktop.workspace.rules.rules import Rules

        return Rules(self._self())

    @functools.cached_property
    def ranking(self) -> RankingDesk:
        """Preference tasks: what is better, judged blind, and the ranking that follows."""
        from desktop.workspace.ranking.ranking import RankingDesk

        return RankingDesk(self._self())

    @functools.cached_property
    def splits(self) -> Splits:
        """Which patients are for training and which are held back."""
        from desktop.workspace.learning.splits import Splits

        return Splits(self._self())

    @functools.cached_property
    def models(self) -> Models:
        """Models on this machine, and running them."""
        from desktop.workspace.models.models import Models

        return Models(self._self())

    @functools.cached_property
    def pixel_text(self) -> PixelText:
        """Text in the pixels of images, such as a name on an ultrasound."""
        from desktop.workspace.images.pixel_text import PixelText

        return PixelText(self._self())

    @functools.cached_property
    def help(self) -> HelpDesk:
        """Reading with and without help, and what it did."""
        from desktop.workspace.models.help_desk import HelpDesk

        return HelpDesk(self._self())

    def _close_desks(self) -> None:
        """End what parts keep running."""
        for job in self._self().jobs.running:
            job.cancel()
        if "models" in self.__dict__:
            self.models.close()

    @functools.cached_property
    def quality(self) -> Quality:
        """How well readers agree: board, details, report."""
        from desktop.workspace.quality.quality import Quality

        return Quality(self._self())

    @functools.cached_property
    def learning(self) -> Learning:
        """Rounds of learning: what to ask next, and how good the model is."""
        from desktop.workspace.learning.learning import Learning

        return Learning(self._self())

    @functools.cached_property
    def consensus(self) -> ConsensusDesk:
        """One answer from many readers, offered as suggestions."""
        from desktop.workspace.claims.consensus import ConsensusDesk

        return ConsensusDesk(self._self())

    @functools.cached_property
    def reviews(self) -> ReviewDesk:
        """One reader's case at a time, with comments pinned to places."""
        from desktop.workspace.claims.reviews import ReviewDesk

        return ReviewDesk(self._self())

    @functools.cached_property
    def pixels(self) -> Pixels:
        """What a classifier predicts from the strokes on a frame."""
        from desktop.workspace.images.pixels import Pixels

        return Pixels(self._self())

    @functools.cached_property
    def outlines(self) -> OutlineDesk:
        """A teacher that outlines open cases as readers outlined others."""
        from desktop.workspace.learning.outline_teacher import OutlineDesk

        return OutlineDesk(self._self())

    @functools.cached_property
    def patches(self) -> Patches:
        """Patches of an image to ask the reader about, so that few answers teach a prediction."""
        from desktop.workspace.images.patches import Patches

        return Patches(self._self())

    @functools.cached_property
    def synthetic(self) -> Synthetic:
        """Made-up images with exact labels, as cases that are marked for ever."""
        from desktop.workspace.images.synthetic import Synthetic

        return Synthetic(self._self())

    @functools.cached_property
    def derived(self) -> DerivedImages:
        """Made-up images that start from a real one."""
        from desktop.workspace.images.derived import DerivedImages

        return DerivedImages(self._self())

    @functools.cached_property
    def teaching(self) -> TeachingDesk:
        """A teacher labels open cases, and a student proves what that is worth."""
        from desktop.workspace.learning.teaching import TeachingDesk

        return TeachingDesk(self._self())

    def _self(self) -> Workspace:
        return cast("Workspace", self)
