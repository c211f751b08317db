"""Trains the network with Keras alone, as a careful user writes it: no tracking, no resume. The best epoch is kept.

    python bare_keras.py [--autolog]

Run in a project: reads the prepared arrays and params.yaml. With --autolog, MLflow records the training by itself.
"""

import sys
import tempfile
from pathlib import Path

import keras
import numpy as np
from keras import layers
from ruamel.yaml import YAML

params = YAML(typ="safe").load(Path("params.yaml").read_text())
train, network, classes = params["train"], params["train"]["model"], len(params["dataset"]["classes"])
batch_size, epochs = train["batch_size"], train["epochs"]


def load(name):
    images = np.load(f"data/prepared/{name}/images.npy").astype("float32") / 255
    return images, keras.utils.to_categorical(np.load(f"data/prepared/{name}/labels.npy"), classes)


if "--autolog" in sys.argv:
    import mlflow

    mlflow.set_tracking_uri("sqlite:///autolog.db")
    mlflow.keras.autolog()

keras.utils.set_random_seed(train["seed"])
images, labels = load("train")
model = keras.Sequential(
    [
        layers.Input(images.shape[1:]),
        layers.Conv2D(network["filters"], 3, padding="same", activation="relu"),
        layers.MaxPooling2D(2),
        layers.Dropout(network["dropout"]),
        layers.Flatten(),
        layers.Dense(network["dense_units"], activation="relu"),
        layers.Dropout(network["dropout"]),
        layers.Dense(classes, activation="softmax"),
    ]
)
steps = epochs * -(-len(images) // batch_size)
rate = keras.optimizers.schedules.CosineDecay(train["learning_rate"], steps)
if train["schedule"] != "cosine":
    rate = train["learning_rate"]
model.compile(loss="categorical_crossentropy", optimizer=keras.optimizers.Adam(rate), metrics=["accuracy"])
with tempfile.TemporaryDirectory() as folder:
    best = keras.callbacks.ModelCheckpoint(f"{folder}/best.keras", monitor="val_accuracy", save_best_only=True)
    history = model.fit(
        images,
        labels,
        batch_size=batch_size,
        epochs=epochs,
        validation_data=load("validation"),
        callbacks=[best],
        verbose=2,
    )
print("validation accuracy", round(max(history.history["val_accuracy"]), 4))
