import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from helpers.data import make_split

from pipeline.core import paths
from pipeline.core.errors import UserError
from pipeline.data import sampling, scratch


def test_a_copy_is_of_all_images_or_of_some_a_few_at_one_time(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sampling, "PIXELS", 7 * 64)
    images = make_split(40, 1).images
    turned = scratch.copied(images.swapaxes(1, 2))
    assert np.array_equal(turned, images.swapaxes(1, 2)) and turned.flags.c_contiguous and turned.flags.writeable
    some = np.array([1, 2, 5, 8, 13, 21, 34, 39])
    assert np.array_equal(scratch.copied(images, some), images[some])
    assert type(turned) is np.ndarray, "slices of a memmap are slow to make"
    assert scratch.room_for((2, 3), ">f8").dtype == ">f8"


def test_more_images_than_disk_is_told_before_any_is_asked_for():
    with pytest.raises(UserError, match=r"of 1,000,000,000 × 64 × 64 × 3 take 12,288\.0 GB of disk; .* are free"):
        scratch.room_for((10**9, 64, 64, 3))


def test_nothing_is_left_of_a_process_that_was_killed(tmp_path):
    (tmp_path / paths.DATA).mkdir()
    code = (
        "import os, signal; from pipeline.data import scratch\n"
        "kept = scratch.room_for((1 << 20,)); kept[:] = 7\n"
        f"assert os.path.realpath('{paths.DATA}') in open('/proc/self/maps').read()\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=False)
    assert ended.returncode == -signal.SIGKILL and not list((tmp_path / paths.DATA).iterdir())
