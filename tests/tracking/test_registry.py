import threading

import mlflow
import pytest
from mlflow.entities import LoggedModelStatus

from pipeline.core.errors import UserError
from pipeline.tracking import registry


@pytest.fixture
def logged(store):
    """Makes a run with a logged model; returns their ids."""

    def make() -> tuple[str, str]:
        run_id = store.create_run("0").info.run_id
        model = mlflow.initialize_logged_model("model", source_run_id=run_id)
        mlflow.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
        return run_id, model.model_id

    return make


def test_there_is_no_champion_before_the_first(store, logged):
    assert registry.champion("quadrants") is None and registry.history("quadrants") == []
    registry.register("quadrants", *logged(), tags={})
    assert registry.champion("quadrants") is None and registry.history("quadrants") == []


def test_a_model_is_one_version_however_often_it_is_registered(store, logged):
    ids = logged()
    first = registry.register("quadrants", *ids, tags={"accuracy": "0.9"})
    again = registry.register("quadrants", *ids, tags={"accuracy": "0.91"})
    other = registry.register("quadrants", *logged(), tags={})
    assert first.version == again.version != other.version
    assert store.get_model_version("quadrants", first.version).tags == {"accuracy": "0.91"}


def test_the_alias_moves_on_the_record_and_back(store, logged):
    versions = [registry.register("quadrants", *logged(), tags={}) for _ in range(2)]
    for version, why in (
        (versions[0], "first"),
        (versions[1], "better"),
        (versions[1], "again"),
        (versions[0], "back"),
    ):
        registry.make_champion("quadrants", version, why, ["accuracy: 0.5, allowed at least 0.9"])
    assert registry.champion("quadrants").version == versions[0].version
    moves = registry.history("quadrants")
    assert [move.why for move in moves] == ["first", "better", "back"], "the champion is made champion once"
    assert moves[0].run_id == versions[0].run_id and moves[0].who and moves[0].when.endswith("+00:00")
    assert moves[2].overridden == ["accuracy: 0.5, allowed at least 0.9"]


def test_a_move_that_was_killed_after_it_was_written_down_is_finished(store, logged, monkeypatch):
    first, second = (registry.register("quadrants", *logged(), tags={}) for _ in range(2))
    registry.make_champion("quadrants", first, "first", [])
    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr(
            mlflow.MlflowClient, "set_registered_model_alias", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt)
        )
        registry.make_champion("quadrants", second, "second", [])
    assert registry.champion("quadrants").version == first.version
    registry.finish_move("quadrants")
    assert registry.champion("quadrants").version == second.version
    registry.finish_move("quadrants")
    assert [move.why for move in registry.history("quadrants")] == ["first", "second"]


def test_one_decides_at_a_time(store, logged):
    versions = [registry.register("quadrants", *logged(), tags={}) for _ in range(4)]

    def decide(version):
        with registry.decision():
            registry.make_champion("quadrants", version, f"version {version.version}", [])

    threads = [threading.Thread(target=decide, args=(version,)) for version in versions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    moves = registry.history("quadrants")
    assert sorted(move.version for move in moves) == sorted(int(version.version) for version in versions)
    assert registry.champion("quadrants").version == moves[-1].version


def test_each_step_back_undoes_a_move(store, logged):
    versions = [registry.register("quadrants", *logged(), tags={}) for _ in range(3)]
    for version in versions:
        registry.make_champion("quadrants", version, "better", [])
    for expected in (versions[1], versions[0]):
        assert registry.previous("quadrants").version == int(expected.version)
        registry.make_champion("quadrants", expected, "back", [])
    with pytest.raises(UserError, match="quadrants has had no champion before this one"):
        registry.previous("quadrants")


def test_a_champion_that_was_deleted_stops_nobody_and_a_foreign_tag_neither(store, logged, capsys):
    first, second = (registry.register("quadrants", *logged(), tags={}) for _ in range(2))
    for version in (first, second):
        registry.make_champion("quadrants", version, "better", [])
    store.set_registered_model_tag("quadrants", "champion.move.of.the.year", "x")
    store.delete_model_version("quadrants", second.version)
    registry.finish_move("quadrants")
    assert "version 2 of quadrants, the champion by the record, was deleted" in capsys.readouterr().out
    registry.make_champion("quadrants", first, "again", [])
    assert registry.champion("quadrants").version == first.version and len(registry.history("quadrants")) == 3


@pytest.mark.parametrize(
    "change", [("first", "fist"), ('"version": 1', '"version": 2'), ('"version": 1', '"version": [1]'), ("{", "")]
)
def test_a_record_that_was_changed_or_left_out_is_found(store, logged, change):
    versions = [registry.register("quadrants", *logged(), tags={}) for _ in range(2)]
    for version, why in zip(versions, ("first", "second"), strict=True):
        registry.make_champion("quadrants", version, why, [])
    record = store.get_registered_model("quadrants").tags["champion.move.000001"]
    store.set_registered_model_tag("quadrants", "champion.move.000001", record.replace(*change))
    with pytest.raises(UserError, match=r"model quadrants, tag champion\.move\.000001: the record of champions was"):
        registry.history("quadrants")
    store.delete_registered_model_tag("quadrants", "champion.move.000001")
    with pytest.raises(UserError, match=r"tag champion\.move\.000002"):
        registry.history("quadrants")
