"""The section tune: what a sweep searches, how, and for how long."""

import math
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from pipeline.config.schema.section import FileName, Section

Number = Annotated[int | float, Field(ge=-(10**38), le=10**38)]  # tensorflow computes with 32 bits


class Dimension(Section):
    """What a sweep tries for one parameter: the range from `low` to `high`, both included, or one of `choices`."""

    low: Number | None = None
    high: Number | None = None
    step: Number | None = None
    log: bool = False
    choices: list[bool | Number | str] | None = None

    @model_validator(mode="after")
    def _range_or_choices(self) -> Self:
        if self.choices and (self.step, self.log, self.low, self.high) != (None, False, None, None):
            raise ValueError("choices: should stand alone, without low, high, step or log")
        if self.choices:
            return self
        if self.choices is not None or self.low is None or self.high is None:
            raise ValueError("should have low and high, or choices")
        if self.low > self.high:
            raise ValueError(f"low, {self.low}, should be at most high, {self.high}")
        tiny = 1e-9 * (self.high - self.low)
        if self.step is not None and (self.log or self.step <= tiny or not self.holds(self.high)):
            raise ValueError(f"step: should lead from low to high in whole steps, without log, not {self.step}")
        if self.log and self.low <= 0:
            raise ValueError(f"low: should be greater than 0 with log, not {self.low}")
        return self

    def holds(self, value: Any) -> bool:
        """Whether a sweep may try this value."""
        if self.choices is not None:
            return value in self.choices
        beyond = 0 if self.step is None else math.remainder(value - self.low, self.step)  # 0.6 / 0.2 is 2.999…
        return self.low <= value <= self.high and abs(beyond) <= 1e-9 * (self.step or 1)

    @property
    def values(self) -> list[Any]:
        """The outermost values, by which the range is checked."""
        return self.choices or [self.low, self.high]

    def __str__(self) -> str:
        if self.choices is not None:
            return ", ".join(map(str, self.choices))
        step = f" in steps of {self.step}" if self.step is not None else " on a logarithmic scale" if self.log else ""
        return f"{self.low} to {self.high}{step}"


class Resources(Section):
    """What Ray sets aside for a trial on a cluster."""

    cpus: int = Field(ge=1, le=4096, description="Cores of a trial, and its threads; with --ray.")
    gpus: float = Field(ge=0, le=64, description="GPUs of a trial; 0.5: two trials share one; with --ray.")

    @model_validator(mode="after")
    def _whole_or_part(self) -> Self:
        if self.gpus > 1 and self.gpus % 1:
            raise ValueError(f"gpus: should be a part of one, or a whole number, not {self.gpus}")
        return self


class Tune(Section):
    study: FileName = Field(max_length=100, description="Name of the study; another starts afresh.")
    trials: int = Field(ge=1, le=1_000_000, description="In all, over all workers and all calls.")
    timeout: float | None = Field(gt=0, description="Seconds in all, after which no trial is begun; null: no limit.")
    workers: int = Field(ge=1, le=256, description="Processes; each gets its share of train.threads.")
    ray: Resources = Field(description="What each trial gets on a Ray cluster.")
    epochs: int = Field(ge=1, le=1_000_000, description="Of a trial that is not pruned.")
    seed: int = Field(ge=0, lt=2**31, description="Of the sampler.")
    sampler: Literal["tpe", "random", "nsgaii"] = Field(description="How the next parameters are chosen.")
    pruner: Literal["none", "median", "halving", "hyperband"] = Field(description="Which trials are ended early.")
    objectives: list[Literal["validation_accuracy", "parameters", "cpu_seconds"]] = Field(
        min_length=1, description="The first is validation_accuracy; any further ones are costs to be kept small."
    )
    space: dict[str, Dimension] = Field(min_length=1, description="What is searched: parameters of the section train.")
