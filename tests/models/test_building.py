import numpy as np
import pytest
import tensorflow as tf

from pipeline.models import architectures


def test_pixels_are_scaled_to_0_and_1_inside_the_model(params):
    scale = architectures.build((8, 8, 1), 4, params.train).layers[0]
    assert np.ravel(scale(np.array([[[[0], [51], [255]]]], np.uint8))) == pytest.approx([0, 0.2, 1])


def test_both_kinds_of_threads_are_fixed(monkeypatch):
    fixed = {}
    for kind in ("intra", "inter"):
        name = f"set_{kind}_op_parallelism_threads"
        monkeypatch.setattr(tf.config.threading, name, lambda number, kind=kind: fixed.update({kind: number}))
    architectures.use_threads(3)
    assert fixed == {"intra": 3, "inter": 3}
