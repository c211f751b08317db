"""Turns the raw files into checked arrays: parse, check, split off validation data, write.

Nothing is written to data/prepared/ unless every check passes. The result of the checks is written either way, as
reports/data_checks.json and as reports/data_checks.html.
"""

import json

from pipeline import console, edits, files, paths
from pipeline.console import UserError, say
from pipeline.sections import Dataset, Preprocess


def read_raw(description: Dataset) -> dict:
    """Reads both parts from data/raw. Returns {"train": Split, "test": Split}. Raises UserError for a damaged file."""
    from pipeline import dataset

    parts = {}
    for name, part in (("train", description.train), ("test", description.test)):
        for file in (part.images, part.labels):
            if not (paths.RAW / file).is_file():
                raise UserError(f"{paths.RAW / file} is missing; `dvc repro download` fetches it")
        images = dataset.read_images(paths.RAW / part.images, description.channels)
        parts[name] = dataset.Split(images, dataset.read_labels(paths.RAW / part.labels))
    return parts


def preprocess(description: Dataset, settings: Preprocess) -> None:
    """Checks the raw files, and writes the prepared arrays if all is well. Raises UserError if not."""
    say(f"reading {paths.RAW}/")
    parts = read_raw(description)

    say("checking images and labels")
    from pipeline import checks, checks_report, dataset

    result = checks.check(parts, description, settings.checks)
    result["split"] = {"validation": settings.validation, "seed": settings.seed}
    report, page = paths.DATA_CHECKS
    files.write_text(report, json.dumps(result, indent=2, ensure_ascii=False) + "\n")
    files.write_text(page, checks_report.render(result, parts, description.name))
    if not result["passed"]:
        from pipeline import lineage, runs, tracking

        lines = "\n".join(f"  {line}" for line in checks.failures(result))
        with runs.run():  # a failed run that carries the report
            tracking.log_start({"dataset": {"name": description.name}}, lineage.tags({}))
            tracking.log_files(paths.DATA_CHECKS, "data")
            raise UserError(f"the data in {paths.RAW}/ failed its checks (the whole result: {page}):\n{lines}")

    train, validation = dataset.stratified_split(parts["train"], settings.validation, settings.seed)
    for name, split in (("train", train), ("validation", validation), ("test", parts["test"])):
        dataset.save(paths.PREPARED / name, split)
        say(f"  {paths.PREPARED / name}/: {len(split.labels):,} images")


def main() -> None:
    with edits.outputs():
        begun = edits.begin("dataset", "preprocess")
        preprocess(*begun.params)
        edits.refuse(begun)


if __name__ == "__main__":
    console.run(main, __doc__)
