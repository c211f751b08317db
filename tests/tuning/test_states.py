import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipeline.core.errors import UserError
from pipeline.training import checkpoint
from pipeline.tuning.home import Home
from pipeline.tuning.states import States, StatesElsewhere

NAME = "a" * 32


@pytest.fixture
def home(tmp_path, monkeypatch) -> Home:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path / "another project"))
    return Home(tmp_path)


def test_states_that_nodes_send_home_are_those_of_a_sweep_without_ray(home, tmp_path):
    assert home.load(NAME) is None
    for content in (b"first", b"second"):
        home.save(NAME, content)
        assert home.load(NAME) == content
    with checkpoint.claim(NAME) as folder:
        assert folder.parent == tmp_path / ".state" / "training"
        assert (folder / checkpoint.STATE).read_bytes() == b"second"
        States().fetch(folder)
        States().keep(folder)
        assert (folder / checkpoint.STATE).read_bytes() == b"second"
    for discard in (home.discard, States().discard):
        home.save(NAME, b"third")
        discard(NAME)
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


class RayError(Exception):
    """What Ray raises where the actor does not answer."""


class RayTaskError(RayError):
    """And where it has raised an error of its own."""

    cause = OSError("disk full")


@pytest.fixture
def elsewhere(monkeypatch):
    """The states of a worker on another node, of whose questions `ray.get` is the answer."""

    def make(get) -> StatesElsewhere:
        exceptions = SimpleNamespace(RayError=RayError, RayTaskError=RayTaskError)
        monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(get=get, exceptions=exceptions))
        return StatesElsewhere(SimpleNamespace(load=SimpleNamespace(remote=lambda *arguments: arguments)))

    return make


def test_a_worker_elsewhere_has_a_state_from_home(elsewhere, tmp_path):
    (folder := tmp_path / NAME).mkdir()
    elsewhere({(NAME,): b"state"}.get).fetch(folder)
    assert (folder / checkpoint.STATE).read_bytes() == b"state"


@pytest.mark.parametrize(
    ("error", "expected", "said"),
    [
        (RayTaskError("a page of frames"), OSError, "^the state of a training: disk full$"),
        (RayError("it died"), ConnectionError, "^the machine that the sweep was started on does not answer: it died$"),
    ],
)
def test_a_home_that_fails_is_no_fault_of_a_trial(elsewhere, tmp_path, error, expected, said):
    def get(_):
        raise error

    with pytest.raises(expected, match=said) as raised:
        elsewhere(get).fetch(tmp_path / NAME)
    assert raised.type is expected
