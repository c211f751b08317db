"""Whether this machine computes faster with activations of 16 bits: measured once, and kept in .state/precision.json.

Processors with AMX or AVX-512 BF16 need about half of the time, all others more than with 32 bits.
"""

import contextlib
import json
import time
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from pipeline.config.schema import Train
from pipeline.core import files
from pipeline.core.cli import say, suppress_stderr

CHOICES = ("float32", "mixed_bfloat16")
PAYS = 0.8  # of the time with 32 bits: for less, the coarser numbers are not worth it


def resolved(params: Train) -> Train:
    """The parameters with the precision that `auto` stands for on this machine."""
    if params.precision != "auto":
        return params
    return params.model_copy(update={"precision": _choice(params.threads)})


def _choice(threads: int) -> str:
    """What was measured first in this folder decides from then on: a training that goes on must have the same bits."""
    path = files.project_root() / ".state" / "precision.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_suffix(".lock")):  # of the workers of a sweep, the first measures
        if path.exists():
            kept = path.read_text(encoding="utf-8")
            with contextlib.suppress(ValueError, TypeError, KeyError):
                if (chosen := json.loads(kept)["precision"]) in CHOICES:
                    return str(chosen)
            say(f"{path}: is not as it was written; the precision is measured again")
        return _measured(path, threads)


def _measured(path: Path, threads: int) -> str:
    """Measures, says and keeps the choice."""
    with suppress_stderr():
        from pipeline.models import architectures

    architectures.use_threads(threads)
    seconds = {name: _seconds(name) for name in ("float32", "bfloat16")}
    share = seconds["bfloat16"] / seconds["float32"]
    chosen = CHOICES[share < PAYS]
    say(f"precision: {chosen}; a convolution with 16 bits takes {share:.2f} of the time that it takes with 32")
    files.write_text(path, json.dumps({"precision": chosen, "share": round(share, 3)}) + "\n")
    return chosen


def _seconds(dtype: str) -> float:
    """The least of ten times that a small convolution and its gradients take."""
    import tensorflow as tf

    images = tf.random.stateless_uniform((256, 14, 14, 32), (1, 2), dtype="float32")
    kernel = tf.random.stateless_uniform((3, 3, 32, 64), (3, 4), dtype="float32")

    @tf.function
    def step() -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            watched = [tf.cast(images, dtype), tf.cast(kernel, dtype)]
            tape.watch(watched)
            result = tf.nn.relu(tf.nn.conv2d(*watched, strides=1, padding="SAME"))
        return tape.gradient(result, watched)

    return min(_timed(step) for _ in range(10))


def _timed(step: Callable[[], object]) -> float:
    start = time.perf_counter()
    step()
    return time.perf_counter() - start
