"""The tutorial's whole program: reads the raw files, trains for ten epochs at a constant rate, tests.

python tutorial.py FOLDER [--seed 1] [--epochs 10]
"""

import argparse
from pathlib import Path

import keras
import numpy as np
from keras import layers

parser = argparse.ArgumentParser()
parser.add_argument("folder", type=Path)
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--epochs", type=int, default=10)
arguments = parser.parse_args()


def load(name):
    labels = np.fromfile(arguments.folder / f"{name}-labels-idx1-ubyte", np.uint8, offset=8)
    images = np.fromfile(arguments.folder / f"{name}-images-idx3-ubyte", np.uint8, offset=16)
    return images.reshape(-1, 28, 28, 1).astype("float32") / 255, keras.utils.to_categorical(labels, 10)


keras.utils.set_random_seed(arguments.seed)
images, labels = load("train")
model = keras.Sequential(
    [
        layers.Input((28, 28, 1)),
        layers.Conv2D(32, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(2),
        layers.Dropout(0.25),
        layers.Flatten(),
        layers.Dense(128, activation="relu"),
        layers.Dropout(0.25),
        layers.Dense(10, activation="softmax"),
    ]
)
model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
model.fit(images, labels, batch_size=128, epochs=arguments.epochs, validation_split=1 / 12, verbose=2)
print("test accuracy", round(model.evaluate(*load("t10k"), verbose=0)[1], 4))
