"""Makes the parameters of a study's winner, or of a run, those of params.yaml: the next `dvc repro` trains them.

    python -m pipeline.adopt --study first
    python -m pipeline.adopt 5f0c1b7e8a2d4c6f9b3e1d7a0c8f2e4b

Everything that the training depends on is taken over, epochs and threads too, so that it gives the same model; --keep
leaves a parameter as it is. Comments, order and layout of params.yaml stay.
"""

import argparse
import difflib
import json
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode

from pipeline import console, files, paths
from pipeline.console import UserError, say
from pipeline.params import load, parse
from pipeline.sections import Train


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("run", nargs="?", help="Id of an MLflow run, or its beginning.")
    which.add_argument("--study", help="Name of a study: its best trial.")
    parser.add_argument("--trial", type=int, help="Another trial of the study, by number: one of the front, say.")
    parser.add_argument(
        "--keep", nargs="+", metavar="NAME", choices=list(Train.model_fields), help="Leave as they are."
    )
    parser.add_argument("--storage", help="Of the study; as for pipeline.tune.")
    return parser.parse_args()


def of_study(name: str, number: int | None, address: str | None) -> dict[str, Any]:
    """The parameters of a study's best trial, or of the one of this number. Raises UserError where there is none."""
    from pipeline import storage, study, trials

    study.be_quiet()
    this = study.find(storage.open_storage(address or storage.default_address(), must_exist=True), name)
    trained = {trial.number: trial for trial in trials.counted(this) if "epochs" in trial.user_attrs}
    trial = trials.best_trial(this) if number is None else trained.get(number)
    if trial is None and number is None:
        raise UserError(f"study {name} has no complete trial yet")
    if trial is None:
        raise UserError(f"study {name} has no trial {number} that was trained; it has {', '.join(map(str, trained))}")
    if trial.values:
        say(f"trial {trial.number} of study {name} had {trial.values[0]:.4f} validation accuracy")
    return trials.train_params(this, trial)


def of_run(run_id: str) -> dict[str, Any]:
    """The parameters of a run. Raises UserError where the store has no such run, or it trained nothing."""
    from pipeline import lookup

    logged = lookup.named(run_id).data.params
    found = {name: logged[f"train.{name}"] for name in Train.model_fields if f"train.{name}" in logged}
    if not found:
        raise UserError(f"run {run_id} trained nothing; a study is adopted with --study NAME")
    return found


def rewrite(text: str, values: dict[str, Any]) -> str:
    """The YAML `text` with other values in the section train; all else stays as it is, character by character."""
    sections: MappingNode = YAML().compose(text)
    train = next(node for key, node in sections.value if key.value == "train")
    places = {key.value: (node.start_mark.index, node.end_mark.index) for key, node in train.value}
    for name, (start, end) in sorted(places.items(), key=lambda item: item[1], reverse=True):
        if name in values:
            text = text[:start] + json.dumps(values[name]).strip('"') + text[end:]
    return text


def main() -> None:
    given = arguments()
    if given.trial is not None and given.study is None:
        raise UserError("--trial: goes with --study")
    found = of_run(given.run) if given.run else of_study(given.study, given.trial, given.storage)
    taken = {name: value for name, value in found.items() if name not in (given.keep or ())}
    (now,), (wanted,) = load("train"), load("train", overrides={"train": taken})
    path = paths.PARAMS.resolve()  # a link stays one
    text = path.read_bytes().decode()  # and line ends stay as they are
    changed = {name: value for name, value in wanted if value != getattr(now, name)}
    if not changed:
        say(f"{paths.PARAMS} has these parameters already")
        return
    adopted = rewrite(text, changed)
    if parse(adopted, str(paths.PARAMS)).train != wanted:
        raise UserError(f"{paths.PARAMS}: its section train is written in a way that cannot be changed in place")
    files.write_text(path, adopted)
    lines = difflib.unified_diff(text.splitlines(), adopted.splitlines(), "before", str(paths.PARAMS), n=1, lineterm="")
    say("\n".join(lines))
    say("train it:  dvc repro")


if __name__ == "__main__":
    console.guard(main)
