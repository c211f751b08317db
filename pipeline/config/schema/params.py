"""All sections of params.yaml together."""

from typing import Self

from pydantic import Field, ValidationInfo, model_validator

from pipeline.config.schema import agreement
from pipeline.config.schema.checks import Checks
from pipeline.config.schema.dataset import Dataset
from pipeline.config.schema.section import Section, Source
from pipeline.config.schema.train import Train
from pipeline.config.schema.tune import Tune

NO_SWEEP = "no sweep"  # context of a validation for one training, whatever tune.space says: it may be of another model


class Download(Section):
    sources: list[Source] = Field(
        min_length=1,
        description="Tried in order: a URL, a folder, an archive, apt:PACKAGE, sklearn:digits or drawn:tiny.",
    )
    timeout: float = Field(gt=0, description="Seconds without an answer after which a source is given up.")


class Preprocess(Section):
    validation: int | None = Field(
        ge=1,
        description="Training images set aside for validation, the same share of each class; "
        "empty where dataset.validation describes images of its own.",
    )
    seed: int = Field(ge=0, lt=2**32)
    checks: Checks


class Behaviour(Section):
    """Limits of the behaviour tests: how many of the answers may change, as a share of the test images."""

    flip: float = Field(ge=0, le=1, description="Pictures mirrored left to right.")
    shift: float = Field(ge=0, le=1, description="Moved by one pixel, to any side.")
    light: float = Field(ge=0, le=1, description="A tenth darker or brighter.")
    noise: float = Field(ge=0, le=1, description="With a little noise.")
    archetypes: float = Field(ge=0, le=1, description="Lowest share of classes whose most typical image is recognised.")

    @property
    def changes(self) -> dict[str, float]:
        """Name of a change → highest share of answers that it may change."""
        return {name: value for name, value in self if name != "archetypes"}


class Gate(Section):
    """Rules by which a model becomes the champion."""

    accuracy: float = Field(ge=0, le=1, description="Lowest accuracy on the test images.")
    worst_class: float = Field(ge=0, le=1, description="Lowest accuracy on the images of any class.")
    calibration_error: float = Field(ge=0, le=1, description="Highest expected calibration error.")
    not_worse: float = Field(ge=0, le=1, description="A model is worse than the champion below this p-value.")
    strict: bool = Field(description="Whether a refused model makes the stage evaluate fail.")
    register_rejected: bool = Field(description="Whether a refused model is registered too, as no champion.")


class Evaluate(Section):
    calibration_bins: int = Field(ge=1, le=1000, description="Bins of the expected calibration error.")
    mistakes: int = Field(ge=1, le=100, description="How many of the most confident mistakes are shown.")
    showcase: int = Field(ge=0, description="Index of the test image shown with its probabilities.")
    behaviour: Behaviour


class Tracking(Section):
    """What a run records besides. No stage depends on it, so a change trains nothing again."""

    system_metrics: bool = Field(description="Curves of processor, memory, disk and network: a value every 10 seconds.")


class Params(Section):
    dataset: Dataset
    download: Download
    preprocess: Preprocess
    train: Train
    evaluate: Evaluate
    gate: Gate
    tune: Tune
    tracking: Tracking

    @property
    def training_images(self) -> int | None:
        """How many images a training sees, without those for validation; None where only the files say it."""
        images = self.dataset.counts["train"]
        return images and images - (self.preprocess.validation or 0)

    @model_validator(mode="after")
    def _sections_agree(self, info: ValidationInfo) -> Self:
        if lines := list(agreement.mistakes(self, with_sweep=info.context != NO_SWEEP)):
            raise ValueError("\n".join(lines))
        return self
