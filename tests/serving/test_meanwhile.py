"""Another process finds the same model, and its mistakes are raised here."""

import multiprocessing
import re
import signal
from pathlib import Path

import pytest
from helpers.data import make_split
from helpers.served import log_champion

from pipeline.core.errors import UserError
from pipeline.serving import source
from pipeline.serving.meanwhile import finding


@pytest.mark.e2e
def test_another_process_finds_the_same_and_its_mistake_is_raised_here(store, params, tmp_path):
    with finding(params.dataset, None) as wait, pytest.raises(UserError, match="has no champion"):
        wait()
    log_champion(params, tmp_path, 3, make_split(20, 1).images)
    with finding(params.dataset, None) as wait:
        found = wait()
        assert found.model.read_bytes() == (tmp_path / "3.keras").read_bytes()
        assert found == source.find(params.dataset, None, tmp_path / "copy")._replace(model=found.model)
    assert not found.model.exists()
    with finding(params.dataset, None):  # not waited for
        (other,) = multiprocessing.active_children()
        blocked = int(re.search(r"SigBlk:\s*(\w+)", Path(f"/proc/{other.pid}/status").read_text())[1], 16)
        assert blocked & 1 << signal.SIGINT - 1, "a Ctrl-C at the terminal would end it with a traceback"
    assert not multiprocessing.active_children()
    with finding(params.dataset, None) as wait:
        multiprocessing.active_children()[0].kill()
        with pytest.raises(UserError, match="the process that was to do it has ended"):
            wait()
