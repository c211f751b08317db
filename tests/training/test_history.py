from helpers.witness import Witness, numbered

from pipeline.core import results
from pipeline.training import history, loop


def test_history_and_summary_hold_each_metric_rounded(params):
    model, nowhere = Witness([0.25, 0.7654321]), history.TrainingState([], [])
    epochs = loop.fit(model, numbered(0, 20), numbered(20, 8), params.train, lambda state: None, nowhere)
    assert history.history_csv(epochs).splitlines() == [
        "epoch,loss,accuracy,validation_loss,validation_accuracy",
        "1,1.0,0.123457,2.5,0.25",
        "2,1.0,0.123457,2.5,0.765432",
    ]
    assert history.summary(history.best_epoch(epochs)) == {
        results.BEST_EPOCH: 2,
        "best/train_accuracy": 0.123457,
        "best/train_loss": 1.0,
        results.VALIDATION_ACCURACY: 0.765432,
        "best/validation_loss": 2.5,
    }
