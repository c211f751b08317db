"""The architectures, by name, and how a model becomes a file.

To add one: write a function here like `cnn`, and add its name to `Train.model` in sections.py.
"""

import json
import zipfile
from pathlib import Path

import keras
from keras import layers

from pipeline import files, pooling
from pipeline.console import UserError
from pipeline.sections import Train

EPOCH_OF_ZIP = (1980, 1, 1, 0, 0, 0)


def cnn(image_shape: tuple[int, int, int], classes: int, params: Train) -> keras.Model:
    """The network of the Fashion-MNIST tutorial: 804,554 parameters for 28 × 28 grey pixels and ten classes.

    Takes images uint8 (n, height, width, channels) as they are in the files; returns probabilities float32
    (n, classes). Scaling to 0–1 is the first layer, so that whoever uses the model cannot forget it.
    """
    return keras.Sequential(
        [
            layers.Input(image_shape, dtype="uint8", name="image"),
            layers.Rescaling(1 / 255, name="scale"),
            layers.Conv2D(params.filters, 3, padding="same", activation="relu", name="convolution"),
            layers.MaxPooling2D(2, name="pooling"),
            layers.Dropout(params.dropout, name="dropout_1"),
            layers.Flatten(name="flatten"),
            layers.Dense(params.dense_units, activation="relu", name="hidden"),
            layers.Dropout(params.dropout, name="dropout_2"),
            layers.Dense(classes, activation="softmax", name="probabilities"),
        ],
        name="cnn",
    )


def build(image_shape: tuple[int, int, int], classes: int, params: Train) -> keras.Model:
    """Builds and compiles the architecture `params.model`; weights and dropout follow from `params.seed`."""
    keras.utils.clear_session()  # frees what an earlier model of this process left
    keras.utils.set_random_seed(params.seed)
    model = {"cnn": cnn}[params.model](image_shape, classes, params)
    pooling.use_cheap_gradient(model)
    model.compile(
        optimizer=keras.optimizers.Adam(params.learning_rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
        steps_per_execution=16,  # 16 batches per call into tensorflow: 10 % less CPU than one, the same numbers
        jit_compile=False,  # on a CPU, XLA makes convolutions 14 times slower
    )
    return model


def save(model: keras.Model, path: Path) -> None:
    """Writes architecture and weights as a .keras file, atomically; equal models give equal bytes.

    Keras stamps its archive with the date and with memory addresses of the compiled optimizer. What is written here
    is a bare copy of the model, under a fixed date.
    """
    bare = type(model).from_config(model.get_config())
    bare.set_weights(model.get_weights())
    with files.replacing(path) as temporary:
        stamped = temporary.with_suffix(".keras")
        try:
            bare.save(stamped)
            _rewrite(stamped, temporary)
        finally:
            stamped.unlink(missing_ok=True)


def _rewrite(stamped: Path, target: Path) -> None:
    with zipfile.ZipFile(stamped) as source, zipfile.ZipFile(target, "w") as archive:
        for name in sorted(source.namelist()):
            content = source.read(name)
            if name == "metadata.json":
                content = json.dumps(json.loads(content) | {"date_saved": "1980-01-01@00:00:00"}).encode()
            archive.writestr(zipfile.ZipInfo(name, EPOCH_OF_ZIP), content)


def load(path: Path) -> keras.Model:
    """Loads a .keras file. Raises UserError for a damaged one, and for one that carries code (Keras' safe mode)."""
    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except (ValueError, OSError, KeyError) as error:
        raise UserError(f"{path}: is no model that can be loaded ({str(error).splitlines()[0]})") from None


def summary(model: keras.Model) -> str:
    """The table of layers, shapes and parameters."""
    lines: list[str] = []
    model.summary(print_fn=lambda line, **_: lines.append(line), line_length=80)
    return "\n".join(lines) + "\n"


def use_threads(threads: int) -> None:
    """Fixes the number of threads of tensorflow, on which the last bits of every sum depend. Call it first."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
