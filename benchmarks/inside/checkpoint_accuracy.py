"""Prints the epoch and the test accuracy of each checkpoint in a folder.

python checkpoint_accuracy.py FOLDER
"""

import sys
from pathlib import Path

import keras
import numpy as np

from pipeline.core import paths
from pipeline.data import arrays


def main(folder: Path) -> None:
    test = arrays.load(paths.TEST)
    for path in sorted(folder.glob("epoch_*.keras")):
        answers = keras.saving.load_model(path, compile=False).predict(test.images, batch_size=500, verbose=0)
        print(int(path.stem.removeprefix("epoch_")), float(np.mean(answers.argmax(axis=1) == test.labels)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
