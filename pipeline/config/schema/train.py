"""The section train: the model, and how it is trained."""

from typing import Literal

from pydantic import Field

from pipeline.config.schema.models import Model
from pipeline.config.schema.section import Section


class Train(Section):
    model: Model = Field(description="Which model, by the name of its file in pipeline/models/.")
    batch_size: int = Field(ge=1, description="Images per step.")
    learning_rate: float = Field(gt=0, description="Of Adam, in the first epoch.")
    schedule: Literal["constant", "cosine"] = Field(description="How the learning rate goes on after the first epoch.")
    epochs: int = Field(ge=1, le=1_000_000, description="Passes over the training images.")
    seed: int = Field(ge=0, lt=2**31, description="Of weights, shuffling and dropout.")
    threads: int = Field(ge=1, le=1024, description="The same seed gives the same model only with the same number.")
