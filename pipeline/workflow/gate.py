"""Accepts or refuses the model of a run: by the rules in params.yaml, and beside the champion of its data set."""

import json
import tempfile
from pathlib import Path

import numpy as np

from pipeline.config.schema import Behaviour, Dataset, Gate
from pipeline.core import paths
from pipeline.core.cli import say
from pipeline.core.errors import UserError
from pipeline.data.arrays import Split
from pipeline.evaluation import gate, outputs
from pipeline.evaluation.findings import Findings
from pipeline.evaluation.gate import Verdict
from pipeline.models import saving
from pipeline.tracking import queries, registry
from pipeline.tracking.logging import log_start, log_text

REFUSED_BY = "gate.refused_by"  # tag of a run: the rules that it does not keep, one a line; empty for an accepted one


def decide(
    run_id: str,
    dataset_config: Dataset,
    test: Split,
    found: Findings,
    predicted: np.ndarray,
    rules: tuple[Gate, Behaviour],
) -> list[Verdict]:
    """Judges the model of the active run `run_id` and logs the verdicts. Makes it the champion if it keeps all rules.

    A refused model is registered only if `gate.register_rejected` says so, and is never the champion. Raises UserError
    for it where `gate.strict` is true.
    """
    name, limits = dataset_config.name, rules[0]
    right = predicted == test.labels
    with registry.decision():
        registry.finish_move(name)
        verdicts = gate.judge(found, *rules, facts(run_id))
        verdicts.append(gate.compare(right, champion_right(name, test), limits.not_worse))
        refused = list(gate.refused(verdicts))
        log_start({}, {REFUSED_BY: "\n".join(map(str, refused))})
        log_text(json.dumps([verdict._asdict() for verdict in verdicts], indent=2) + "\n", "gate.json")
        if not refused or limits.register_rejected:
            version = registry.register(name, run_id, logged_model(run_id), {"accuracy": f"{found.accuracy.value:.4f}"})
            if not refused:
                registry.make_champion(name, version, "it keeps all rules", [])
                say(f"accepted: version {version.version} of {name} is the champion")
    if refused:
        say("refused as champion:\n" + "\n".join(f"  {verdict}" for verdict in refused))
        if limits.strict:
            raise UserError("the gate refuses this model, and gate.strict is true")
    return verdicts


def facts(run_id: str) -> dict[str, bool]:
    """The rules that are true or not of a run: its data passed all checks, and its code is that of a commit."""
    checks = json.loads(paths.DATA_CHECKS[0].read_text(encoding="utf-8"))["checks"]
    return {
        "data checks passed": all(check["passed"] for check in checks),
        "made from committed code and parameters": queries.tag(run_id, "git.dirty") == "false",
    }


def champion_right(name: str, test: Split) -> np.ndarray | None:
    """bool (n,): which test images the champion names rightly. None where there is no champion.

    Of no images, where the champion cannot be loaded or takes other pictures.
    """
    version = registry.champion(name)
    if version is None:
        return None
    try:
        with tempfile.TemporaryDirectory() as folder:
            model = saving.load(registry.model_file(version, Path(folder)))
        return outputs.predict(model, test.images).argmax(axis=1) == test.labels
    except (UserError, ValueError) as error:
        say(f"the champion, version {version.version} of {name}, cannot be tried: {str(error).splitlines()[0]}")
        return np.zeros(0, dtype=bool)


def logged_model(run_id: str) -> str:
    """The id of the model that a run logged. Raises UserError where it logged none."""
    found = queries.logged_models().get(run_id)
    if not found:
        raise UserError(f"run {run_id} logged no model")
    return found[0].model_id
