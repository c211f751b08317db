"""Where everything lies, relative to the repository (to a temporary folder for what an ad-hoc run writes)."""

from pathlib import Path

PARAMS = Path("params.yaml")
SCHEMA = Path("params.schema.json")
PARAMS_CHECKED = Path("reports/params_checked.txt")
LOCK = Path("dvc.lock")
PIPELINE = Path("dvc.yaml")

JOURNAL = Path("sweeps/optuna.journal")
CHECKPOINT = Path("checkpoints/model.keras")  # among the artifacts of a trial that was the best when it ended

DATA = Path("data")
RAW = DATA / "raw"
PREPARED = DATA / "prepared"
TRAIN, VALIDATION, TEST = PREPARED / "train", PREPARED / "validation", PREPARED / "test"

TRAINING_DATA = {"train": TRAIN, "validation": VALIDATION}  # all that training and choices may look at

MODEL = Path("models/model.keras")
RUN_ID = Path("models/run_id")

REPORTS = Path("reports")
DATA_CHECKS = [REPORTS / "data_checks.json", REPORTS / "data_checks.html"]
HISTORY = REPORTS / "history.csv"
TRAIN_METRICS = REPORTS / "train.json"
TEST_METRICS = REPORTS / "test.json"
FIGURES = REPORTS / "figures"
MODEL_REPORT = REPORTS / "model.html"
MODEL_CARD = REPORTS / "model_card.md"
COMPARISON = REPORTS / "compare.html"  # of the command compare, for whoever asks; no output of a stage
PREDICTIONS = Path("tables/predictions.csv")  # among the artifacts of a run
REFERENCE = Path("data/reference.json")  # there too
