"""Turns the raw files into checked arrays: parse, check, split off validation data, write.

Nothing is written to data/prepared/ unless every check passes; one that only warns is said. The result of the checks is
written either way, as reports/data_checks.json and as reports/data_checks.html.
"""

import json

from pipeline.config.load import load
from pipeline.config.schema import Dataset, Preprocess
from pipeline.core import files, paths, stage
from pipeline.core.cli import say
from pipeline.core.errors import UserError


def preprocess(dataset_config: Dataset, settings: Preprocess) -> None:
    """Checks the raw files, and writes the prepared arrays if all is well. Raises UserError if not."""
    import numpy as np

    from pipeline.data import arrays, raw

    say(f"reading {paths.RAW}/")
    parts = raw.read(dataset_config)
    say("checking images and labels")
    from pipeline.data import checks, expectations
    from pipeline.reporting import data_checks

    result = checks.check(parts, dataset_config, settings.checks)
    written: dict[str, tuple[arrays.Split, np.ndarray | None]] = {name: (each, None) for name, each in parts.items()}
    if settings.validation:  # else the data set has a part of its own for it
        result["split"] = {"validation": settings.validation, "seed": settings.seed}
        if result["passed"]:
            train = parts["train"]
            rest, aside = arrays.stratified_split(train.labels, settings.validation, settings.seed)
            validation = arrays.Split(train.images[:0], train.labels[aside])  # the classes are about labels alone
            result["classes"] += expectations.class_rows({"validation": validation}, dataset_config, settings.checks)
            written = {"train": (train, rest), "validation": (train, aside), "test": written["test"]}
    report, page = paths.DATA_CHECKS
    files.write_text(report, json.dumps(result, indent=2, ensure_ascii=False) + "\n")
    files.write_text(page, data_checks.render(result, parts, dataset_config.name))
    for line in expectations.failures(result, "warning"):
        say(f"warning: {line}")
    if not result["passed"]:
        refuse(dataset_config, expectations.failures(result, "error"))

    for name, (split, places) in written.items():
        arrays.save(paths.PREPARED / name, split, places)
        say(f"  {paths.PREPARED / name}/: {len(split.labels if places is None else places):,} images")


def refuse(dataset_config: Dataset, failures: list[str]) -> None:
    """Logs a failed run that carries the report of the checks. Raises UserError with a line for each failure."""
    from pipeline.provenance import lineage
    from pipeline.tracking import runs
    from pipeline.tracking.logging import log_files, log_start

    lines = "\n".join(f"  {line}" for line in failures)
    page = paths.DATA_CHECKS[1]
    with runs.run(run_name="data checks failed"):
        log_start({"dataset": {"name": dataset_config.name}}, lineage.tags({}))
        log_files(paths.DATA_CHECKS, "data")
        raise UserError(f"the data in {paths.RAW}/ failed its checks (the whole result: {page}):\n{lines}")


def main() -> None:
    with stage.begin(lambda: load("dataset", "preprocess")) as begun:
        preprocess(*begun.params)
        begun.assert_unchanged()
