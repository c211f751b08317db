import socket
import sys

import pytest

from pipeline.core.errors import UserError
from pipeline.tuning import head
from pipeline.tuning.head import Head


@pytest.mark.parametrize("address", ["ray://head:10001", "head", "", ":6379", "head:port", "head:99999999999"])
def test_an_address_of_another_kind_is_refused(address):
    with pytest.raises(UserError, match=f"--ray {address}: "):
        head.require_answer(address)


def test_a_cluster_that_does_not_answer_is_one_line():
    with pytest.raises(UserError, match=r"127\.0\.0\.1:1: no Ray cluster answers; start one with `ray start --head`"):
        head.require_answer("127.0.0.1:1")


def test_a_cluster_that_this_machine_remembers_and_that_is_dead_is_one_line(monkeypatch):
    pytest.importorskip("ray")
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    with pytest.raises(UserError, match=r"--ray [\d.]+:1: no Ray cluster answers"):
        head.require_answer("auto")


def test_a_ray_that_does_not_tell_its_address_is_asked_to_connect(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray._private", None)
    head.require_answer("auto")


def test_a_head_that_is_lost_ends_the_sweep_after_a_while(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        watched = Head(f"127.0.0.1:{server.getsockname()[1]}")
        assert watched.answers()
    assert not watched.answers(), "it may come back"
    monkeypatch.setattr(head, "AWAY", 0)
    with pytest.raises(UserError, match=r"the head .*, 127\.0\.0\.1:\d+, is lost; .* the same command goes on"):
        watched.answers()
