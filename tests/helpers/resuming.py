"""Trainings that are killed, and go on."""

from pathlib import Path

import keras
import numpy as np

from helpers.data import make_split
from pipeline.config.schema import Train
from pipeline.models import architectures, devices
from pipeline.training import checkpoint, loop, optimizers
from pipeline.training.history import Epoch, TrainingState

NOTHING = TrainingState([], [])


def compiled(settings: Train) -> keras.Model:
    """A newly built model, ready to be trained with the 120 images that `train` trains it with."""
    model = architectures.build((8, 8, 1), 4, settings, devices.strategy(settings.devices))
    optimizers.compile_model(model, settings, images=120)
    return model


def train(settings: Train, folder: Path, after_epoch=lambda number: None) -> tuple[list, list[Epoch], int]:
    """What a process does that goes on with the training in `folder`; calls `after_epoch` when that is kept.

    Returns the weights, the history, and how many epochs of it were restored.
    """
    model = compiled(settings)
    restored = checkpoint.restore(folder, model)

    def on_epoch(state: TrainingState) -> None:
        checkpoint.save(folder, model, state)
        after_epoch(len(state.history))

    history = loop.fit(model, make_split(120, 1), make_split(40, 3), settings, on_epoch, restored)
    return model.get_weights(), history, len(restored.history)


def equal(one: list, other: list) -> bool:
    """Whether two lists of arrays have the same bits."""
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
