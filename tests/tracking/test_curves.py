from pipeline.tracking.curves import curve, logged_curves


def test_curves_have_the_columns_of_the_history_also_those_of_version_0_1(store):
    found = {}
    for begin in ({"loss": "epoch/train_loss", "validation_loss": "epoch/validation_loss"},
                  {"loss": "train/loss", "validation_loss": "validation/loss"}):  # fmt: skip
        run_id = store.create_run("0").info.run_id
        for metric in (*begin.values(), "best/train_loss", "best/validation_loss", "train_seconds"):
            store.log_metric(run_id, metric, 0.5, step=1)
        found[run_id] = logged_curves(store.get_run(run_id))
    assert list(found.values()) == [{"loss": {1: 0.5}, "validation_loss": {1: 0.5}}] * 2
    assert curve("loss") == "epoch/train_loss" and curve("validation_loss") == "epoch/validation_loss"
