"""Turns the raw files into checked arrays: parse, check, split off validation data, write.

Nothing is written to data/prepared/ unless every check passes. The result of the checks is written either way, as
reports/data_checks.json and as reports/data_checks.html.
"""

import json
from pathlib import Path

from pipeline import console, files
from pipeline.console import UserError, say
from pipeline.params import Dataset, load

RAW = Path("data/raw")
PREPARED = Path("data/prepared")
REPORT = Path("reports/data_checks.json")
PAGE = REPORT.with_suffix(".html")


def read_raw(description: Dataset) -> dict:
    """Reads both parts from data/raw. Returns {"train": Split, "test": Split}. Raises UserError for a damaged file."""
    from pipeline import dataset

    parts = {}
    for name, part in (("train", description.train), ("test", description.test)):
        for file in (part.images, part.labels):
            if not (RAW / file).is_file():
                raise UserError(f"{RAW / file} is missing; `dvc repro download` fetches it")
        images = dataset.read_images(RAW / part.images, description.channels)
        parts[name] = dataset.Split(images, dataset.read_labels(RAW / part.labels))
    return parts


def main() -> None:
    description, settings = load("dataset", "preprocess")
    say(f"reading {RAW}/")
    parts = read_raw(description)

    say("checking images and labels")
    from pipeline import checks, checks_report, dataset

    result = checks.check(parts, description, settings.checks)
    files.write_text(REPORT, json.dumps(result, indent=2, ensure_ascii=False) + "\n")
    files.write_text(PAGE, checks_report.render(result, parts, description.name))
    if not result["passed"]:
        from pipeline import tracking

        tracking.record_failed_checks([REPORT, PAGE])
        lines = "\n".join(f"  {line}" for line in checks.failures(result))
        raise UserError(f"the data in {RAW}/ failed its checks (the whole result: {PAGE}):\n{lines}")

    train, validation = dataset.stratified_split(parts["train"], settings.validation, settings.seed)
    for name, split in (("train", train), ("validation", validation), ("test", parts["test"])):
        dataset.save(PREPARED / name, split)
        say(f"  {PREPARED / name}/: {len(split.labels):,} images")


if __name__ == "__main__":
    console.run(main, __doc__)
