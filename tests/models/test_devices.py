"""Which devices share a training, of those that tensorflow has found. Two that do are in training/test_devices.py."""

import types

import pytest
import tensorflow as tf

from pipeline.core.errors import UserError
from pipeline.models import devices

GPUS, PROCESSORS = {"GPU": 3, "CPU": 2}, {"GPU": 0, "CPU": 2}


@pytest.fixture
def there(monkeypatch):
    """Has tensorflow find so many devices of each type."""

    def find(counts: dict[str, int]) -> None:
        def found(kind: str) -> list[types.SimpleNamespace]:
            return [types.SimpleNamespace(name=f"{kind}:{k}", device_type=kind) for k in range(counts[kind])]

        monkeypatch.setattr(tf.config, "list_logical_devices", found)
        monkeypatch.setattr(tf.distribute, "MirroredStrategy", list)

    return find


@pytest.mark.parametrize(
    ("counts", "wanted", "shared"),
    [
        (GPUS, "auto", ["GPU:0", "GPU:1", "GPU:2"]),
        (GPUS, 3, ["GPU:0", "GPU:1", "GPU:2"]),
        (GPUS, 2, ["GPU:0", "GPU:1"]),
        (PROCESSORS, 2, ["CPU:0", "CPU:1"]),
    ],
)
def test_so_many_devices_share_a_training(there, counts, wanted, shared):
    there(counts)
    assert devices.strategy(wanted) == shared


@pytest.mark.parametrize(("counts", "wanted"), [(GPUS, 1), (GPUS | {"GPU": 1}, "auto"), (PROCESSORS, "auto")])
def test_one_device_needs_no_spreading(there, counts, wanted):
    there(counts)
    assert devices.strategy(wanted) is tf.distribute.get_strategy()


def test_more_devices_than_there_are_is_refused(there):
    there(GPUS | {"GPU": 1})
    with pytest.raises(UserError, match=r"^train\.devices: 2 are wanted, and 1 GPU is what there is$"):
        devices.strategy(2)
