from pipeline.tracking import runs
from pipeline.tracking.logging import log_epoch, log_start
from pipeline.workflow import training_cost


def test_what_a_training_took_is_what_its_run_has_recorded(store):
    with runs.run() as run_id:
        log_start({"train": {"epochs": 3, "threads": 2}}, {"processor": "a Turing machine"})
        assert training_cost.sentence(run_id) is None, "a restored run has curves without times"
        for epoch in (2, 3):
            log_epoch({"epoch": epoch}, epoch_seconds=10.25, cpu_seconds=19 * epoch)
        assert training_cost.sentence(run_id) == (
            "2 of its 3 epochs took 20 s (57 s of processor time) with 2 threads on a Turing machine."
        )
        log_epoch({"epoch": 1}, epoch_seconds=1)
        assert training_cost.sentence(run_id).startswith("3 epochs took 22 s (57 s of")
    with runs.run() as older:
        log_epoch({"epoch": 1}, epoch_seconds=1.4)
    assert training_cost.sentence(older) == "1 epoch took 1 s with ? threads on an unknown processor."
