"""A trained model that answers for files: pictures are decoded by threads while the model answers for others."""

import os
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import keras
import numpy as np
from PIL import Image

from pipeline.config.load import load
from pipeline.config.schema import Dataset
from pipeline.core.errors import UserError
from pipeline.data.appearance import Appearance
from pipeline.models import architectures, saving
from pipeline.serving import inputs, pictures
from pipeline.serving.answers import Answer
from pipeline.serving.inputs import Input
from pipeline.serving.source import Source

BATCH = 256  # pictures at a time, if they are small
PIXELS = 2**20  # at a time: what a convolution makes of a batch takes some hundred times as many bytes


class Classifier(NamedTuple):
    """A model, the shape of its pictures, and what its training images look like: pictures are made like them."""

    model: keras.Model
    image_shape: tuple[int, int, int]
    appearance: Appearance

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """`images` uint8 (n, height, width, channels) → float32 (n, classes). For a batch that fits into memory."""
        return np.asarray(self.model.predict_on_batch(images))

    def answers(self, files: Sequence[Input]) -> Iterator[Answer]:
        """An answer for each file, in order. No more than two batches of pictures are in memory."""
        height, width, _ = self.image_shape
        size = min(BATCH, max(1, PIXELS // (height * width)))
        batches = [files[start : start + size] for start in range(0, len(files), size)]
        pool = ThreadPoolExecutor(os.cpu_count())
        with warnings.catch_warnings(category=Image.DecompressionBombWarning, action="ignore"):  # `pictures` refuses it
            try:
                reading: list[Future[list[Answer]]] = []
                for following in [*batches, []]:
                    taken, reading = reading, [pool.submit(self._read, share) for share in shares(following)]
                    yield from self._answered([answer for future in taken for answer in future.result()])
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def _read(self, files: Sequence[Input]) -> list[Answer]:
        return [self._read_one(file) for file in files]

    def _read_one(self, file: Input) -> Answer:
        if file.error:
            return Answer(file.name, error=file.error)
        try:
            with inputs.open_binary(file) as opened:
                image, note = pictures.read(opened, self.image_shape, self.appearance)
            return Answer(file.name, image=image, note=note)
        except UserError as error:
            return Answer(file.name, error=str(error))

    def _answered(self, read: list[Answer]) -> Iterator[Answer]:
        """The answers of a batch that was read."""
        images = [answer.image for answer in read if answer.image is not None]
        found = iter(self.probabilities(np.stack(images)) if images else ())
        for answer in read:
            yield answer if answer.image is None else answer._replace(probabilities=next(found))


def shares(files: Sequence[Input]) -> list[Sequence[Input]]:
    """The files in runs of equal length, one for each processor, or fewer."""
    length = max(1, -(-len(files) // (os.cpu_count() or 1)))
    return [files[start : start + length] for start in range(0, len(files), length)]


def open_model(source: Source, dataset_config: Dataset) -> keras.Model:
    """The model of a source, built of the parameters of its run. Raises UserError where they or the file do not fit."""
    try:
        (params,) = load("train", overrides={"train": source.params})
        return saving.load(source.model, architectures.build(dataset_config.image_shape, len(source.classes), params))
    except UserError as error:
        raise UserError(f"{source.describe()}: {str(error).removeprefix(f'{source.model}: ')}") from None
