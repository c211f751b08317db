"""What the sections of params.yaml have to agree about. Each check yields lines that begin with the key to blame."""

from collections.abc import Callable, Iterator
from typing import Any

from pydantic import ValidationError

from pipeline.config.schema import leaves
from pipeline.config.schema.section import unknown
from pipeline.config.schema.train import Train

NOT_SEARCHED = ("model", "epochs", "seed", "devices", "threads")


def mistakes(params: Any, with_sweep: bool, is_whole: bool = True) -> Iterator[str]:
    """A line for each disagreement of these Params; the sweep may be left out.

    Of Params that are not whole, what has a mistake of its own is missing: a check that needs it says nothing.
    """
    for check in (*OF_ALL, *(OF_SWEEP if with_sweep else ())):
        try:
            yield from check(params)
        except AttributeError:
            if is_whole:
                raise


def _dataset(params: Any) -> Iterator[str]:
    yield from params.dataset.mistakes()


def _validation(params: Any) -> Iterator[str]:
    validation, classes, train = params.preprocess.validation, len(params.dataset.classes), _train_images(params)
    own = params.dataset.validation is not None
    if own != (validation is None):
        allowed = "empty, since dataset.validation describes these images" if own else "a number of images"
        yield f"preprocess.validation: should be {allowed}, not {validation or 'empty'}"
    elif train and validation and not classes <= validation <= train - classes:
        allowed = f"{classes} to {train - classes}, an image of each class on both sides"
        yield f"preprocess.validation: should be {allowed}, not {validation}"


def _batch_size(params: Any) -> Iterator[str]:
    if (images := _images(params)) and params.train.batch_size > images:
        yield f"train.batch_size: should be at most the {images} training images, not {params.train.batch_size}"


def _showcase(params: Any) -> Iterator[str]:
    test = params.dataset.counts["test"]  # None where only the files say it
    if test and params.evaluate.showcase >= test:
        yield f"evaluate.showcase: should be less than the {test} test images, not {params.evaluate.showcase}"


def _objectives(params: Any) -> Iterator[str]:
    objectives = params.tune.objectives
    if objectives[0] != "validation_accuracy" or len(set(objectives)) < len(objectives):
        yield "tune.objectives: should begin with validation_accuracy and name each once"
    elif len(objectives) > 1 and params.tune.pruner != "none":
        yield "tune.pruner: should be none where there are several objectives (Optuna prunes by one)"


def _space(params: Any) -> Iterator[str]:
    known = leaves.leaves(Train)
    kind = {"train": set(Train.model_fields), "model": set(type(params.train.model).model_fields)}
    searchable = [
        name
        for name, leaf in known.items()
        if leaf.path[-1] in kind["model" if len(leaf.path) > 1 else "train"] and name not in NOT_SEARCHED
    ]
    for name, dimension in params.tune.space.items():
        if name not in searchable:
            yield unknown(f"tune.space.{name}", searchable)
        elif known[name].annotation is int and dimension.step not in (None, *range(1, 65537)):
            yield f"tune.space.{name}.step: should be a whole number, not {dimension.step}"
        else:
            yield from _values(params.train, name, dimension.values)


def _values(train: Any, name: str, values: list[Any]) -> Iterator[str]:
    """A line for the first of the outermost values that the parameter may not have."""
    for value in values:
        try:
            leaves.replace(train, {name: value})
        except ValidationError as error:
            if own := [each["msg"].lower() for each in error.errors() if name in each["loc"]]:
                yield f"tune.space.{name}: {own[0]}, not {value!r}"
                return


def _searched_batch_size(params: Any) -> Iterator[str]:
    values = params.tune.space["batch_size"].values if "batch_size" in params.tune.space else []
    numbers = [value for value in values if isinstance(value, int | float)]
    images = _images(params)
    if images and numbers and max(numbers) > images:
        yield f"tune.space.batch_size: should be at most the {images} training images, not {max(numbers)}"


def _train_images(params: Any) -> int | None:
    """Those of the part train, of which some are for validation; None where only the files say it."""
    return params.dataset.counts["train"]


def _images(params: Any) -> int | None:
    """Those that a training sees; None where that is not known, or where the number for validation is wrong itself."""
    return None if list(_validation(params)) else params.training_images


OF_ALL: tuple[Callable[[Any], Iterator[str]], ...] = (_dataset, _validation, _batch_size, _showcase)
OF_SWEEP: tuple[Callable[[Any], Iterator[str]], ...] = (_objectives, _space, _searched_batch_size)
