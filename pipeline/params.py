"""Checks params.yaml before any stage may touch its outputs, and writes params.schema.json.

params.yaml becomes frozen, strict, typed sections. A stage asks for the sections that it reads,
`dataset, train = load("dataset", "train")`, and dvc.yaml declares the same ones (a test compares).
"""

import difflib
import json
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from ruamel.yaml import YAML, YAMLError

from pipeline import console, files, paths
from pipeline.console import UserError

FileName = Annotated[str, StringConstraints(pattern=r"^[\w][\w.-]*$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Section(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


class Part(Section):
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
    train: Part
    test: Part

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
    model: Literal["cnn"] = Field(description="A function in pipeline/models.py.")
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


class Params(Section):
    dataset: Dataset
    download: Download
    preprocess: Preprocess
    train: Train
    evaluate: Evaluate

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


def load(*sections: str, overrides: dict[str, str] | None = None, path: Path = paths.PARAMS) -> tuple[Any, ...]:
    """Reads and checks the whole of params.yaml; returns the sections asked for, in that order.

    `overrides` replaces values of the section `train`, given as text: {"epochs": "10"}. Raises UserError, naming key,
    value and what is allowed, for any mistake in any section.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is no UTF-8 text ({error.reason} at byte {error.start})") from None
    params = parse(text, str(path))
    if overrides:
        params = _override(params, overrides)
    return tuple(getattr(params, section) for section in sections)


def parse(text: str, where: str) -> Params:
    """YAML 1.2 text → Params. Raises UserError; `where` names the text in it."""
    try:
        values = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}:" if mark else ""
        raise UserError(f"{where}:{line} {getattr(error, 'problem', None) or error}") from None
    if not isinstance(values, dict):
        raise UserError(f"{where}: should hold the sections {', '.join(Params.model_fields)}")
    try:
        return Params.model_validate(values)
    except ValidationError as error:
        raise UserError("\n".join(f"{where}: {line}" for line in _explain(error, Params))) from None


def _override(params: Params, values: dict[str, str]) -> Params:
    try:
        train = Train.model_validate_strings({k: str(v) for k, v in params.train} | values, strict=False)
        return Params(**dict(params) | {"train": train})
    except ValidationError as error:
        raise UserError("\n".join(_explain(error, Train))) from None


def _explain(error: ValidationError, schema: type[Section]) -> list[str]:
    """One line a mistake: the key, what is wrong with it, what is allowed."""
    lines = []
    for problem in error.errors():
        *parents, key = problem["loc"] or ("",)
        where = ".".join(map(str, problem["loc"]))
        if problem["type"] == "extra_forbidden":
            allowed = _keys(schema, parents)
            close = difflib.get_close_matches(str(key), allowed, n=1)
            hint = f"did you mean {close[0]}? " if close else ""
            lines.append(f"unknown name {where}; {hint}allowed here: {', '.join(allowed)}")
        elif problem["type"] == "missing":
            lines.append(f"{where} is missing")
        elif problem["type"] == "value_error":
            lines.append(str(problem["ctx"]["error"]))
        else:
            message = problem["msg"][0].lower() + problem["msg"][1:]
            lines.append(f"{where}: {message}, not {problem['input']!r}")
    return lines


def _keys(schema: type[Section], parents: list[Any]) -> list[str]:
    for parent in parents:
        schema = schema.model_fields[parent].annotation
    return list(schema.model_fields)


def main() -> None:
    load()
    files.write_text(paths.SCHEMA, json.dumps(Params.model_json_schema(), indent=2) + "\n")


if __name__ == "__main__":
    console.run(main, __doc__)
