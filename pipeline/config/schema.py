"""The sections of params.yaml: which keys there are, of which type, in which range. Frozen and strict."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

FileName = Annotated[str, StringConstraints(pattern=r"^[\w][\w.-]*$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Section(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


class SplitFiles(Section):
    """One half of a data set: an IDX file of images and one of labels."""

    count: int = Field(ge=1, description="How many images, and labels, the files hold.")
    images: FileName = Field(description="Name of the IDX file; sources may add .gz.")
    images_sha256: Sha256 = Field(description="sha256 of the uncompressed content.")
    labels: FileName
    labels_sha256: Sha256

    @property
    def sha256(self) -> dict[str, str]:
        """File name → sha256 of its uncompressed content."""
        return {self.images: self.images_sha256, self.labels: self.labels_sha256}


class Dataset(Section):
    """What the pictures are. Nothing else in the project knows."""

    name: str = Field(min_length=1, max_length=100)
    classes: list[str] = Field(min_length=2, max_length=256, description="Names of the labels 0, 1, 2 …")
    height: int = Field(ge=2, description="Pixels.")
    width: int = Field(ge=2, description="Pixels.")
    channels: Literal[1, 3, 4] = Field(description="1 for grey, 3 for colour, 4 with transparency.")
    train: SplitFiles
    test: SplitFiles

    @property
    def image_shape(self) -> tuple[int, int, int]:
        return self.height, self.width, self.channels


class Download(Section):
    sources: list[str] = Field(min_length=1, description="Tried in order: a URL, a folder, or apt:PACKAGE.")
    timeout: float = Field(gt=0, description="Seconds without an answer after which a source is given up.")


class Checks(Section):
    """Limits of the data checks."""

    pixel_min: int = Field(ge=0, le=255)
    pixel_max: int = Field(ge=0, le=255)
    contrast_min: int = Field(ge=0, le=255, description="Brightest minus darkest pixel; 0 lets blank images pass.")
    class_balance_tolerance: float = Field(
        ge=0, le=1, description="How far the share of a class may lie from 1 / number of classes."
    )


class Preprocess(Section):
    validation: int = Field(ge=1, description="Training images set aside for validation, the same share of each class.")
    seed: int = Field(ge=0, lt=2**32)
    checks: Checks


class Train(Section):
    model: Literal["cnn"] = Field(description="A file in pipeline/models/.")
    filters: int = Field(ge=1, le=4096, description="Filters of the convolution.")
    dense_units: int = Field(ge=1, le=65536, description="Units of the hidden dense layer.")
    dropout: float = Field(ge=0, lt=1, description="Share of activations dropped in training.")
    batch_size: int = Field(ge=1, description="Images per step.")
    learning_rate: float = Field(gt=0, description="Of Adam, in the first epoch.")
    schedule: Literal["constant", "cosine"] = Field(description="How the learning rate goes on after the first epoch.")
    epochs: int = Field(ge=1, description="Passes over the training images.")
    seed: int = Field(ge=0, lt=2**31, description="Of weights, shuffling and dropout.")
    threads: int = Field(ge=1, le=1024, description="The same seed gives the same model only with the same number.")


class Evaluate(Section):
    calibration_bins: int = Field(ge=1, le=1000, description="Bins of the expected calibration error.")
    mistakes: int = Field(ge=1, le=100, description="How many of the most confident mistakes are shown.")
    showcase: int = Field(ge=0, description="Index of the test image shown with its probabilities.")


class Dimension(Section):
    """What a sweep tries for one parameter: the range from `low` to `high`, both included, or one of `choices`."""

    low: int | float | None = None
    high: int | float | None = None
    step: int | float | None = None
    log: bool = False
    choices: list[int | float | str] | None = None

    @model_validator(mode="after")
    def _range_or_choices(self) -> Self:
        if (self.choices is None) == (self.low is None or self.high is None) or self.choices == []:
            raise ValueError("should have low and high, or choices")
        if self.choices is None:
            if self.low > self.high:
                raise ValueError(f"low, {self.low}, should be at most high, {self.high}")
            if self.step is not None and (self.log or self.step <= 0 or not self.holds(self.high)):
                raise ValueError(f"step: should lead from low to high in whole steps, without log, not {self.step}")
            if self.log and self.low <= 0:
                raise ValueError(f"low: should be greater than 0 with log, not {self.low}")
        elif (self.step, self.log, self.low, self.high) != (None, False, None, None):
            raise ValueError("choices: should stand alone, without low, high, step or log")
        return self

    def holds(self, value: Any) -> bool:
        """Whether a sweep may try this value."""
        if self.choices is not None:
            return value in self.choices
        steps = 0 if self.step is None else (value - self.low) / self.step  # 0.6 / 0.2 is 2.9999999999999996
        return self.low <= value <= self.high and abs(steps - round(steps)) < 1e-9

    @property
    def values(self) -> list[Any]:
        """The outermost values, by which the range is checked."""
        return self.choices or [self.low, self.high]

    def __str__(self) -> str:
        if self.choices is not None:
            return ", ".join(map(str, self.choices))
        step = f" in steps of {self.step}" if self.step is not None else " on a logarithmic scale" if self.log else ""
        return f"{self.low} to {self.high}{step}"


class Tune(Section):
    study: FileName = Field(max_length=100, description="Name of the study; another starts afresh.")
    trials: int = Field(ge=1, description="In all, over all workers and all calls.")
    timeout: float | None = Field(gt=0, description="Seconds in all, after which no trial is begun; null: no limit.")
    workers: int = Field(ge=1, le=256, description="Processes; each gets its share of train.threads.")
    epochs: int = Field(ge=1, description="Of a trial that is not pruned.")
    seed: int = Field(ge=0, lt=2**31, description="Of the sampler.")
    sampler: Literal["tpe", "random", "nsgaii"] = Field(description="How the next parameters are chosen.")
    pruner: Literal["none", "median", "halving", "hyperband"] = Field(description="Which trials are ended early.")
    objectives: list[Literal["validation_accuracy", "parameters", "cpu_seconds"]] = Field(
        min_length=1, description="The first is validation_accuracy; any further ones are costs to be kept small."
    )
    space: dict[str, Dimension] = Field(min_length=1, description="What is searched: parameters of the section train.")


class Params(Section):
    dataset: Dataset
    download: Download
    preprocess: Preprocess
    train: Train
    evaluate: Evaluate
    tune: Tune

    @model_validator(mode="after")
    def _sections_agree(self) -> Self:
        if len(set(self.dataset.classes)) < len(self.dataset.classes):
            raise ValueError("dataset.classes: the names should differ from each other")
        if len(self.dataset.train.sha256 | self.dataset.test.sha256) < 4:
            raise ValueError("dataset: the four files should have four names")
        limits = self.preprocess.checks
        if limits.pixel_min > limits.pixel_max:
            raise ValueError(f"preprocess.checks.pixel_min: should be at most pixel_max, {limits.pixel_max}")
        count, validation, classes = self.dataset.train.count, self.preprocess.validation, len(self.dataset.classes)
        if not classes <= validation <= count - classes:
            allowed = f"{classes} to {count - classes}, an image of each class on both sides"
            raise ValueError(f"preprocess.validation: should be {allowed}, not {validation}")
        if self.train.batch_size > count - validation:
            allowed = f"at most the {count - validation} training images"
            raise ValueError(f"train.batch_size: should be {allowed}, not {self.train.batch_size}")
        if self.evaluate.showcase >= self.dataset.test.count:
            allowed = f"less than the {self.dataset.test.count} test images"
            raise ValueError(f"evaluate.showcase: should be {allowed}, not {self.evaluate.showcase}")
        return self

    @model_validator(mode="after")
    def _sweep_is_possible(self) -> Self:
        objectives = self.tune.objectives
        if objectives[0] != "validation_accuracy" or len(set(objectives)) < len(objectives):
            raise ValueError("tune.objectives: should begin with validation_accuracy and name each once")
        if len(objectives) > 1 and self.tune.pruner != "none":
            raise ValueError("tune.pruner: should be none where there are several objectives (Optuna prunes by one)")
        searchable = [name for name in Train.model_fields if name not in ("epochs", "seed", "threads")]
        for name, dimension in self.tune.space.items():
            if name not in searchable:
                raise ValueError(f"unknown name tune.space.{name}; allowed here: {', '.join(searchable)}")
            if Train.model_fields[name].annotation is int and dimension.step not in (None, *range(1, 65537)):
                raise ValueError(f"tune.space.{name}.step: should be a whole number, not {dimension.step}")
            for value in dimension.values:
                try:
                    Train.model_validate(dict(self.train) | {name: value})
                except ValidationError as error:
                    raise ValueError(f"tune.space.{name}: {error.errors()[0]['msg'].lower()}, not {value!r}") from None
        images = self.dataset.train.count - self.preprocess.validation
        largest = max(self.tune.space["batch_size"].values) if "batch_size" in self.tune.space else 0
        if largest > images:
            raise ValueError(f"tune.space.batch_size: should be at most the {images} training images, not {largest}")
        return self
