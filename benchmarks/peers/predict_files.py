"""Says what is on all pictures in a folder: decodes them, and gives them to `model.predict` in a warm process.

    python predict_files.py MODEL FOLDER

Prints `begin` once the model is loaded and warm, and `end` after the last answer.
"""

import sys
from pathlib import Path

import keras
import numpy as np
from PIL import Image

BATCH = 256

model = keras.saving.load_model(sys.argv[1], compile=False)
shape = model.input_shape[1:]
model.predict(np.zeros((BATCH, *shape), np.uint8), batch_size=BATCH, verbose=0)
print("begin", flush=True)
images = []
for path in sorted(Path(sys.argv[2]).iterdir()):
    with Image.open(path) as picture:
        images.append(np.asarray(picture).reshape(shape))
answers = model.predict(np.stack(images), batch_size=BATCH, verbose=0).argmax(axis=1)
print("end", len(answers), flush=True)
