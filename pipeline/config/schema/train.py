"""The section train: which model, and how it is trained."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from pipeline.config.schema.models import Model
from pipeline.config.schema.section import Section


def _devices(value: Any) -> Any:
    if value == "auto" or (str(value).isdecimal() and 1 <= int(value) <= 1024):
        return value if value == "auto" else int(value)
    raise ValueError(f"should be auto or a number from 1 to 1024, not {value!r}")


Devices = Annotated[int | Literal["auto"], BeforeValidator(_devices)]


class Train(Section):
    model: Model = Field(description="Which model, by the name of its file in pipeline/models/.")
    batch_size: int = Field(ge=1, description="Images per step.")
    learning_rate: float = Field(gt=0, description="Of the optimizer, at its highest.")
    warmup: float = Field(ge=0, lt=1, description="Share of all steps in which the learning rate rises from 0.")
    schedule: Literal["constant", "linear", "cosine"] = Field(description="How it goes on: stays, or falls to 0.")
    weight_decay: float = Field(ge=0, lt=1, description="Of kernels, times the learning rate; 0 for none.")
    label_smoothing: float = Field(ge=0, lt=1, description="Share of the target that goes to all classes alike.")
    flip: bool = Field(description="Whether each image is shown mirrored in every other epoch.")
    shift: int = Field(ge=0, le=65536, description="Pixels by which each image is moved, at most; 0 for none.")
    erase: int = Field(ge=0, le=65536, description="Side of the square erased from half of the images; 0 for none.")
    precision: Literal["float32", "mixed_bfloat16", "auto"] = Field(
        description="Of activations in training; auto: the faster one here, measured once. Weights have 32 bits."
    )
    calibrate: bool = Field(description="Whether the probabilities are fitted to the validation images at the end.")
    epochs: int = Field(ge=1, le=1_000_000, description="Passes over the training images.")
    seed: int = Field(ge=0, lt=2**31, description="Of weights, shuffling, dropout and what is done to images.")
    devices: Devices = Field(description="GPUs that share each batch: a number, or auto for all; without GPUs, one.")
    threads: int = Field(ge=1, le=1024, description="The same seed gives the same model only with the same number.")
