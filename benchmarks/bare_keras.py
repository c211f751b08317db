"""The tutorial's program with no tracking at all, for comparison: same network, rows, epochs and batch size.

    python -m benchmarks.bare_keras

It reads the prepared arrays, trains as the tutorial does (floats in memory, one-hot labels, `model.fit`), keeps the
best epoch by validation accuracy with ModelCheckpoint, and prints its validation accuracy.
"""

import os
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import yaml
from keras import layers


def load(name, classes):
    images = np.load(f"data/prepared/{name}/images.npy").astype("float32") / 255
    return images, keras.utils.to_categorical(np.load(f"data/prepared/{name}/labels.npy"), classes)


params = yaml.safe_load(Path("params.yaml").read_text())
train, network, classes = params["train"], params["train"]["model"], len(params["dataset"]["classes"])
keras.utils.set_random_seed(train["seed"])
model = keras.Sequential(
    [
        layers.Conv2D(network["filters"], 3, padding="same", activation="relu", input_shape=(28, 28, 1)),
        layers.MaxPooling2D(2),
        layers.Dropout(network["dropout"]),
        layers.Flatten(),
        layers.Dense(network["dense_units"], activation="relu"),
        layers.Dropout(network["dropout"]),
        layers.Dense(classes, activation="softmax"),
    ]
)
model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
with tempfile.TemporaryDirectory() as folder:
    best = keras.callbacks.ModelCheckpoint(f"{folder}/best.keras", monitor="val_accuracy", save_best_only=True)
    history = model.fit(
        *load("train", classes),
        batch_size=train["batch_size"],
        epochs=train["epochs"],
        validation_data=load("validation", classes),
        callbacks=[best],
        verbose=2,
    )
print("validation accuracy", max(history.history["val_accuracy"]))
