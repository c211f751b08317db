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

BATCH = 64  # pictures at a time, if they are small
PIXELS = 2**20  # at a time: what a convolution makes of a batch takes some hundred times as many bytes


class Classifier(NamedTuple):
    """A model, the shape of its pictures, and what its training images look like: pictures are made like them."""

    model: keras.Model
    image_shape: tuple[int, int, int]
    appearance: Appearance

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """`images` uint8 (n, height, width, channels) → float32 (n, classes). For a batch that fits into memory."""
        return np.asarray(self.model(images, training=False))

    def answers(self, files: Sequence[Input]) -> Iterator[Answer]:
        """An answer for each file, in order. No more than two batches of pictures are in memory."""
        height, width, _ = self.image_shape
        size = min(BATCH, max(1, PIXELS // (height * width)))
        batches = [files[start : start + size] for start in range(0, len(files), size)]
        pool = ThreadPoolExecutor(os.cpu_count())
        with warnings.catch_warnings(category=Image.DecompressionBombWarning, action="ignore"):  # `pictures` refuses it
            try:
                reading = [pool.submit(self._read, file) for file in batches[0]] if batches else []
                for following in [*batches[1:], []]:
                    taken, reading = reading, [pool.submit(self._read, file) for file in following]
                    yield from self._answered(taken)
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def _read(self, file: Input) -> Answer:
        if file.error:
            return Answer(file.name, error=file.error)
        try:
            with inputs.open_binary(file) as opened:
                image, note = pictures.read(opened, self.image_shape, self.appearance)
            return Answer(file.name, image=image, note=note)
        except UserError as error:
            return Answer(file.name, error=str(error))

    def _answered(self, futures: list[Future[Answer]]) -> Iterator[Answer]:
        """The answers of a batch that is being read."""
        read = [future.result() for future in futures]
        images = [answer.image for answer in read if answer.image is not None]
        found = iter(self.probabilities(np.stack(images)) if images else ())
        for answer in read:
            yield answer if answer.image is None else answer._replace(probabilities=next(found))


def open_model(source: Source, dataset_config: Dataset) -> keras.Model:
    """The model of a source, built of the parameters of its run. Raises UserError where they or the file do not fit."""
    try:
        (params,) = load("train", overrides={"train": source.params})
        return saving.load(source.model, architectures.build(dataset_config.image_shape, len(source.classes), params))
    except UserError as error:
        raise UserError(f"{source.describe()}: {str(error).removeprefix(f'{source.model}: ')}") from None
