from pathlib import Path

import pytest
from helpers.data import make_split

from pipeline.core import paths
from pipeline.core.errors import UserError
from pipeline.data import arrays
from pipeline.workflow.train import train


def test_a_batch_of_more_images_than_there_are_is_told_before_anything_is_recorded(tmp_path, monkeypatch, params):
    monkeypatch.chdir(tmp_path)
    for folder in paths.TRAINING_DATA.values():
        arrays.save(folder, make_split(8, 1))
    message = r"^train\.batch_size: should be at most the 8 training images, not 9$"
    with pytest.raises(UserError, match=message):
        train(params.dataset, params.train.model_copy(update={"batch_size": 9}), Path(), tmp_path)
