"""All sections of params.yaml together, and what they have to agree about."""

from typing import Self

from pydantic import Field, ValidationError, ValidationInfo, model_validator

from pipeline.config.schema import leaves
from pipeline.config.schema.checks import Checks
from pipeline.config.schema.dataset import Dataset
from pipeline.config.schema.section import Section, Source, unknown
from pipeline.config.schema.train import Train
from pipeline.config.schema.tune import Tune

NO_SWEEP = "no sweep"  # context of a validation for one training, whatever tune.space says: it may be of another model


class Download(Section):
    sources: list[Source] = Field(min_length=1, description="Tried in order: a URL, a folder, or apt:PACKAGE.")
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
    def _sections_agree(self) -> Self:
        if mistake := self.dataset.mistake():
            raise ValueError(mistake)
        counts, validation, classes = self.dataset.counts, self.preprocess.validation, len(self.dataset.classes)
        own = self.dataset.validation is not None
        if own != (validation is None):
            allowed = "empty, since dataset.validation describes these images" if own else "a number of images"
            raise ValueError(f"preprocess.validation: should be {allowed}, not {validation or 'empty'}")
        train, test = counts["train"], counts["test"]  # None where only the files say it
        if train and validation and not classes <= validation <= train - classes:
            allowed = f"{classes} to {train - classes}, an image of each class on both sides"
            raise ValueError(f"preprocess.validation: should be {allowed}, not {validation}")
        if (images := self.training_images) and self.train.batch_size > images:
            allowed = f"at most the {images} training images"
            raise ValueError(f"train.batch_size: should be {allowed}, not {self.train.batch_size}")
        if test and self.evaluate.showcase >= test:
            allowed = f"less than the {test} test images"
            raise ValueError(f"evaluate.showcase: should be {allowed}, not {self.evaluate.showcase}")
        return self

    @model_validator(mode="after")
    def _sweep_is_possible(self, info: ValidationInfo) -> Self:
        if info.context == NO_SWEEP:
            return self
        objectives = self.tune.objectives
        if objectives[0] != "validation_accuracy" or len(set(objectives)) < len(objectives):
            raise ValueError("tune.objectives: should begin with validation_accuracy and name each once")
        if len(objectives) > 1 and self.tune.pruner != "none":
            raise ValueError("tune.pruner: should be none where there are several objectives (Optuna prunes by one)")
        fixed = ("model", "epochs", "seed", "threads")
        searchable = [name for name in leaves.values(self.train) if name not in fixed]
        for name, dimension in self.tune.space.items():
            if name not in searchable:
                raise ValueError(unknown(f"tune.space.{name}", searchable))
            if leaves.leaves(Train)[name].annotation is int and dimension.step not in (None, *range(1, 65537)):
                raise ValueError(f"tune.space.{name}.step: should be a whole number, not {dimension.step}")
            for value in dimension.values:
                try:
                    leaves.replace(self.train, {name: value})
                except ValidationError as error:
                    raise ValueError(f"tune.space.{name}: {error.errors()[0]['msg'].lower()}, not {value!r}") from None
        images = self.training_images
        largest = max(self.tune.space["batch_size"].values) if "batch_size" in self.tune.space else 0
        if images and largest > images:
            raise ValueError(f"tune.space.batch_size: should be at most the {images} training images, not {largest}")
        return self
