"""A sweep as a plain Optuna and Keras script: one process, no pruning, no tracking.

    python plain_sweep.py TRIALS.json

Run in a project: reads the prepared arrays and params.yaml. The file holds the parameters of each trial, so that
another sweep can be compared with this one at the same work.
"""

import json
import sys
from pathlib import Path

import keras
import numpy as np
import optuna
from keras import layers
from ruamel.yaml import YAML

params = YAML(typ="safe").load(Path("params.yaml").read_text())
fixed, tune, classes = params["train"], params["tune"], len(params["dataset"]["classes"])
trials = json.loads(Path(sys.argv[1]).read_text())


def load(name):
    images = np.load(f"data/prepared/{name}/images.npy").astype("float32") / 255
    return images, keras.utils.to_categorical(np.load(f"data/prepared/{name}/labels.npy"), classes)


train, validation = load("train"), load("validation")


def suggest(trial, name, dimension):
    if "choices" in dimension:
        return trial.suggest_categorical(name, dimension["choices"])
    kind = trial.suggest_float if isinstance(dimension["high"], float) else trial.suggest_int
    return kind(name, dimension["low"], dimension["high"], step=dimension.get("step"))


def objective(trial):
    chosen = {name: suggest(trial, name, dimension) for name, dimension in tune["space"].items()}
    values = fixed["model"] | fixed | chosen
    keras.utils.set_random_seed(fixed["seed"])
    model = keras.Sequential(
        [
            layers.Input(train[0].shape[1:]),
            layers.Conv2D(values["filters"], 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Dropout(values["dropout"]),
            layers.Flatten(),
            layers.Dense(values["dense_units"], activation="relu"),
            layers.Dropout(values["dropout"]),
            layers.Dense(classes, activation="softmax"),
        ]
    )
    steps = tune["epochs"] * -(-len(train[0]) // values["batch_size"])
    rate = keras.optimizers.schedules.CosineDecay(values["learning_rate"], steps)
    model.compile(loss="categorical_crossentropy", optimizer=keras.optimizers.Adam(rate), metrics=["accuracy"])
    history = model.fit(
        *train, batch_size=values["batch_size"], epochs=tune["epochs"], validation_data=validation, verbose=0
    )
    keras.backend.clear_session()
    return max(history.history["val_accuracy"])


study = optuna.create_study(direction="maximize")
for values in trials:
    study.enqueue_trial(values)
study.optimize(objective, n_trials=len(trials))
print("validation accuracy", round(study.best_value, 4))
