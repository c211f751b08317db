"""One trial as a plain Optuna and Keras script does it: a process of its own, no pruning, no tracking.

    python -m benchmarks.plain_sweep JOURNAL

It takes the next trial that is queued in the study `plain`. Reads the prepared arrays and params.yaml.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import optuna
import yaml
from keras import layers
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

PARAMS = yaml.safe_load(Path("params.yaml").read_text())
CLASSES = len(PARAMS["dataset"]["classes"])


def load(name):
    images = np.load(f"data/prepared/{name}/images.npy").astype("float32") / 255
    return images, keras.utils.to_categorical(np.load(f"data/prepared/{name}/labels.npy"), CLASSES)


def objective(trial):
    space = PARAMS["tune"]["space"]
    filters = trial.suggest_int("filters", space["filters"]["low"], space["filters"]["high"])
    dropout = trial.suggest_float("dropout", space["dropout"]["low"], space["dropout"]["high"])
    batch_size = trial.suggest_categorical("batch_size", space["batch_size"]["choices"])
    train, validation = load("train"), load("validation")
    keras.utils.set_random_seed(PARAMS["train"]["seed"])
    model = keras.Sequential(
        [
            layers.Input(train[0].shape[1:]),
            layers.Conv2D(filters, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Dropout(dropout),
            layers.Flatten(),
            layers.Dense(PARAMS["train"]["model"]["dense_units"], activation="relu"),
            layers.Dropout(dropout),
            layers.Dense(CLASSES, activation="softmax"),
        ]
    )
    epochs, rate = PARAMS["tune"]["epochs"], PARAMS["train"]["learning_rate"]
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    cosine = keras.callbacks.LearningRateScheduler(lambda epoch: rate * (1 + np.cos(np.pi * epoch / epochs)) / 2)
    history = model.fit(
        *train, batch_size=batch_size, epochs=epochs, validation_data=validation, callbacks=[cosine], verbose=0
    )
    return max(history.history["val_accuracy"])


study = optuna.load_study(study_name="plain", storage=JournalStorage(JournalFileBackend(sys.argv[1])))
study.optimize(objective, n_trials=1)
