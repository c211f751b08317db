from pathlib import Path

import pytest

from pipeline.core.errors import UserError
from pipeline.training import checkpoint
from pipeline.tuning.home import Home
from pipeline.tuning.states import States

NAME = "a" * 32


@pytest.fixture
def home(tmp_path, monkeypatch) -> Home:
    monkeypatch.setenv("DVC_ROOT", "elsewhere")
    return Home(tmp_path)


def test_states_that_nodes_send_home_are_those_of_a_sweep_without_ray(home):
    assert home.load(NAME) is None
    for content in (b"first", b"second"):
        home.save(NAME, content)
        assert home.load(NAME) == content
    with checkpoint.claim(NAME) as folder:
        assert (folder / checkpoint.STATE).read_bytes() == b"second"
        States().fetch(folder)
        States().keep(folder)
        assert (folder / checkpoint.STATE).read_bytes() == b"second"
    home.discard(NAME)
    assert home.load(NAME) is None


def test_a_name_that_leads_elsewhere_is_refused(home, tmp_path):
    for name in ("../x", str(tmp_path), ""):
        with pytest.raises(UserError, match="is no training"):
            home.save(name, b"")
    assert not list(Path(tmp_path).rglob("*.npz"))


def test_a_worker_that_comes_after_the_end_has_nothing_to_do(home):
    assert home.begin(1, "node a") and not home.is_stopping()
    assert home.stop() == {1: "node a"} and home.is_stopping()
    assert not home.begin(2, "node b")
