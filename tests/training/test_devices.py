"""A training that several devices share: processors here, of which tensorflow makes as many as are asked for."""

import json
import os
import subprocess
import sys

import pytest
from helpers.project import ROOT

PROGRAM = """
import json, sys, tempfile
from pathlib import Path
import numpy as np, tensorflow as tf
processor, = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)
from helpers.data import SHIPPED
from helpers.resuming import train
from pipeline.config.load import parse
from pipeline.config.schema import leaves
from pipeline.core.errors import UserError
small = {"epochs": 3, "batch_size": 16, "filters": 4, "dense_units": 8, "dropout": 0.0}
settings = leaves.replace(parse(SHIPPED.read_text(), "params.yaml").train, small)
rows, weights = {}, {}
for count in (1, 2):
    with tempfile.TemporaryDirectory() as folder:
        weights[count], history, _ = train(settings.model_copy(update={"devices": count}), Path(folder))
    rows[count] = [epoch.row() for epoch in history]

class Killed(Exception): pass

def kill(number):
    if number == 2: raise Killed

two = settings.model_copy(update={"devices": 2})
with tempfile.TemporaryDirectory() as folder:
    try: train(two, Path(folder), kill)
    except Killed: pass
    again, history, restored = train(two, Path(folder))
try: train(settings.model_copy(update={"devices": 3}), Path("/nowhere"))
except UserError as error: said = str(error)
same = all(np.array_equal(a, b) for a, b in zip(again, weights[2]))
print(json.dumps({"rows": rows, "restored": restored, "same": same, "said": said}))
"""


@pytest.mark.e2e
def test_two_devices_train_as_one_does_and_go_on_after_a_kill():
    path = {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    for one, two in zip(found["rows"]["1"], found["rows"]["2"], strict=True):
        assert all(abs(one[name] - two[name]) < 1e-4 for name in one), (one, two)
    assert found["restored"] == 2 and found["same"]
    assert found["said"] == "train.devices: 3 are wanted, and 2 CPU is what there is"
