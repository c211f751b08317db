"""Accepts or refuses the model of a run: by the rules in params.yaml, and beside the champion of its data set."""

import json
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pipeline.config.schema import Behaviour, Dataset, Gate
from pipeline.core import paths
from pipeline.core.cli import say
from pipeline.core.errors import UserError
from pipeline.data.arrays import Split
from pipeline.evaluation import gate, outputs
from pipeline.evaluation.findings import Findings
from pipeline.evaluation.gate import Verdict
from pipeline.serving import source
from pipeline.serving.classifier import open_model
from pipeline.tracking import queries, registry
from pipeline.tracking.logging import log_description, log_start, log_text
from pipeline.workflow import training_cost

VERDICTS = "gate.json"  # artifact of a run: every rule, what was found, and what is allowed


class Judged(NamedTuple):
    """What an evaluation came to: the test images, the findings, the class (n,) given to each image, and the card."""

    test: Split
    found: Findings
    predicted: np.ndarray
    card: str


def judge(run_id: str, dataset_config: Dataset, judged: Judged, limits: Gate, behaviour: Behaviour) -> list[Verdict]:
    """The verdicts on the model of the active run `run_id`; logs them.

    The run is described by them, by the card of the model, and by what the training took.
    """
    right = judged.predicted == judged.test.labels
    verdicts = gate.judge(judged.found, limits, behaviour, facts(run_id))
    verdicts.append(gate.compare(right, champion_right(run_id, dataset_config, judged), limits.not_worse))
    refused = list(gate.refused(verdicts))
    log_start({}, {registry.GATE: "\n".join([registry.REFUSED, *map(str, refused)]) if refused else registry.ACCEPTED})
    log_text(json.dumps([verdict._asdict() for verdict in verdicts], indent=2) + "\n", VERDICTS)
    say("\n  ".join(["the gate refuses this model:", *map(str, refused)]) if refused else "the gate accepts this model")
    took = training_cost.sentence(run_id)
    card = f"{judged.card}\n## What the training took\n\n{took}\n" if took else judged.card
    log_description(f"{gate.headline(verdicts)}\n\n{card}\n## The gate\n\n{gate.table(verdicts)}")
    return verdicts


def decide(run_id: str, dataset_config: Dataset, judged: Judged, limits: Gate, behaviour: Behaviour) -> list[Verdict]:
    """Judges the model of the active run `run_id`, and makes it the champion if it keeps all rules.

    A refused model is registered only if `limits.register_rejected` says so, and is never the champion.
    """
    name = dataset_config.name
    with registry.decision():  # from the look at the champion to the move: two at once cannot both win
        registry.finish_move(name)
        verdicts = judge(run_id, dataset_config, judged, limits, behaviour)
        is_refused = any(gate.refused(verdicts))
        if not is_refused or limits.register_rejected:
            tags = {f"gate.{each.rule}": f"{each.found}, allowed {each.allowed}" for each in verdicts}
            version = registry.register(name, run_id, logged_model(run_id), tags)
            if not is_refused:
                registry.make_champion(name, version, "it keeps all rules", [])
                say(f"version {version.version} of {name} is the champion")
    return verdicts


def promote(dataset_config: Dataset, asked: str | None, reason: str) -> registry.Move:
    """Makes the model of the run `asked` the champion, else the one before this; returns what goes on the record.

    Raises UserError for a run without a model that can be loaded, or of another data set, and where there was no
    champion before.
    """
    name = dataset_config.name
    with registry.decision():
        registry.finish_move(name)
        run = queries.resolve_run(asked or registry.previous(name).run_id)
        with tempfile.TemporaryDirectory() as folder:
            source.find(dataset_config, run.info.run_id, Path(folder))
        _, *broken = run.data.tags.get(registry.GATE, "").splitlines() or ("", "no evaluation has judged it")
        version = registry.register(name, run.info.run_id, logged_model(run.info.run_id), {})
        return registry.make_champion(name, version, reason, broken)


def enforce(verdicts: list[Verdict], limits: Gate) -> None:
    """Raises UserError where a model is refused and `limits.strict` is true."""
    if limits.strict and any(gate.refused(verdicts)):
        raise UserError("the gate refuses this model, and gate.strict is true")


def facts(run_id: str) -> dict[str, bool]:
    """The rules that are true or not of a run: its data passed all checks, and its code is that of a commit.

    A check that only warns is passed here: its level in params.yaml says that it stops nothing.
    """
    checks = json.loads(paths.DATA_CHECKS[0].read_text(encoding="utf-8"))["checks"]
    return {
        "data checks passed": all(check["passed"] or check.get("level") == "warning" for check in checks),
        "made from committed code and parameters": queries.tag(run_id, "git.dirty") == "false",
    }


def champion_right(run_id: str, dataset_config: Dataset, judged: Judged) -> np.ndarray | None:
    """bool (n,): which test images the champion names rightly. None where there is no champion.

    Of no images, where the champion cannot be loaded or takes other pictures.
    """
    images, labels = judged.test
    version = registry.champion(dataset_config.name)
    if version is None:
        return None
    if version.run_id == run_id:  # judged again, perhaps after a kill amid its manifest
        return judged.predicted == labels
    try:
        with tempfile.TemporaryDirectory() as folder:
            champion = open_model(source.find(dataset_config, None, Path(folder)), dataset_config)
        return outputs.predict(champion, images).argmax(axis=1) == labels
    except UserError as error:
        say(f"the champion cannot be tried: {error}; `promote` another")
        return np.zeros(0, dtype=bool)


def logged_model(run_id: str) -> str:
    """The id of the model that a run logged. Raises UserError where it logged none."""
    run = queries.resolve_run(run_id)
    if found := queries.models_of(run):
        return found[0].model_id
    raise queries.without_model(run)
