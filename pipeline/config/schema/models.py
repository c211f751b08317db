"""The models that `train.model` may name, and their parameters.

Each is built by the file in pipeline/models/ that has its name. The name of a parameter may be used by several models,
for the same thing, but not by the section train as well.
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


class Vgg(Section):
    """A stack of small convolutions, each block at half the size of the one before and with more filters."""

    name: Literal["vgg"]
    filters: int = Field(ge=1, le=4096, description="Filters of the first block.")
    growth: int = Field(ge=1, le=8, description="Filters of each further block, as a multiple of the one before.")
    blocks: int = Field(ge=1, le=16, description="Blocks; each halves height and width.")
    convolutions: int = Field(ge=1, le=64, description="Convolutions in each block.")
    dense_units: int = Field(ge=1, le=65536, description="Units of the hidden dense layer.")
    dropout: float = Field(ge=0, lt=1, description="Share of activations dropped before the hidden layer.")


class Resnet(Section):
    """A stack of convolutions with residual blocks at the smaller sizes."""

    name: Literal["resnet"]
    filters: int = Field(
        ge=1, le=4096, description="Filters at full size; twice and four times as many at the smaller ones."
    )
    residuals: int = Field(ge=0, le=64, description="Residual blocks at each of the two smaller sizes.")


class Mlp(Section):
    """Dense layers alone, which know nothing of neighbouring pixels."""

    name: Literal["mlp"]
    hidden_layers: int = Field(ge=1, le=64, description="Hidden dense layers.")
    dense_units: int = Field(ge=1, le=65536, description="Units of each.")
    dropout: float = Field(ge=0, lt=1, description="Share of activations dropped behind each.")


class Rnn(Section):
    """A recurrent network that reads a picture row by row."""

    name: Literal["rnn"]
    units: int = Field(ge=1, le=65536, description="Units of the recurrent layer.")
    dropout: float = Field(ge=0, lt=1, description="Share of its last state dropped.")


Model = Annotated[Cnn | Vgg | Resnet | Mlp | Rnn, Field(discriminator="name")]
