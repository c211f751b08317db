"""The section train: the models and their parameters, and how a model is trained.

Each model is built by the file in pipeline/models/ that has its name. The name of a parameter may be used by several
models, for the same thing, but not by the section train as well.
"""

from typing import Annotated, Literal

from pydantic import Field

from pipeline.config.schema.section import Section


class Cnn(Section):
    """The network of the tutorial: one convolution, one hidden layer."""

    name: Literal["cnn"]
    filters: int = Field(ge=1, le=4096, description="Filters of the convolution.")
    dense_units: int = Field(ge=1, le=65536, description="Units of the hidden dense layer.")
    dropout: float = Field(ge=0, lt=1, description="Share of activations dropped in training.")


Model = Annotated[Cnn, Field(discriminator="name")]  # another model: Cnn | Other


class Train(Section):
    model: Model = Field(description="Which model, by the name of its file in pipeline/models/.")
    batch_size: int = Field(ge=1, description="Images per step.")
    learning_rate: float = Field(gt=0, description="Of the optimizer, at its highest.")
    warmup: float = Field(ge=0, lt=1, description="Share of all steps in which the learning rate rises from 0.")
    schedule: Literal["constant", "linear", "cosine"] = Field(description="How it goes on: stays, or falls to 0.")
    epochs: int = Field(ge=1, le=1_000_000, description="Passes over the training images.")
    seed: int = Field(ge=0, lt=2**31, description="Of weights, shuffling and dropout.")
    threads: int = Field(ge=1, le=1024, description="The same seed gives the same model only with the same number.")
