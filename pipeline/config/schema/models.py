"""The models and their parameters. Each is built by the file in pipeline/models/ that has its name.

The name of a parameter may be used by several models, for the same thing, but not by the section train as well.
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
