"""dvc.yaml tells the truth: a stage depends on the code, the data and the parameters that decide about its outputs."""

import ast

import pytest
from helpers.modules import MODULES, closure, place, room
from helpers.project import ROOT
from ruamel.yaml import YAML

STAGES = YAML(typ="safe", pure=True).load(ROOT / "dvc.yaml")["stages"]
NO_DEPENDENCY = {  # rooms that a stage imports and that decide nothing about the bytes of its outputs
    "core": "prints, hashes files and writes them whole; what is in them comes from other rooms",
    "config": "the values themselves are dependencies, as `params`",
    "sources": "each file has the sha256 that params.yaml says, whoever fetched it",
    "tracking": "writes into MLflow alone",
    "provenance": "notes where a model comes from, in MLflow",
    "workflow": "calls the rooms that compute, and records",
    "stages": "reads, calls one function, writes",
}


SAID = {
    "data.appearance": "what the logged model says of its training images",
    "data.profile": "what the run says of them",
    "data.sampling": "of which images that is",
}
ONLY_RECORDED = {  # rooms, or modules, of which a stage calls something that does not touch its outputs
    "train": {"evaluation": "the samples that are logged"} | SAID,
    "evaluate": SAID
    | {
        "training": "forgets what a killed training would have gone on from",
        "serving": "loads the champion for the gate, which writes into MLflow alone",
        "data.pictures": "what serving reads pictures with",
    },
}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_the_rooms_that_decide_about_its_outputs(stage):
    declared = [dep.removeprefix("pipeline/") for dep in STAGES[stage]["deps"] if dep.startswith("pipeline/")]
    needed = {name for name in closure(f"stages.{stage}") if room(name) not in NO_DEPENDENCY}
    if stage == "params":
        needed = {name for name in MODULES if name.startswith("config.schema")}  # params.schema.json is made of it
    if stage == "preprocess":
        needed = {name for name in needed if room(name) in ("data", "reporting")}
    for name in needed:
        if ONLY_RECORDED.get(stage, {}).keys() & {name, room(name)}:
            continue
        path = place(name)
        assert any(path == dep or path.startswith(f"{dep}/") for dep in declared), f"{stage} needs {path}"
    for dep in declared:
        assert any(place(name).startswith(dep) for name in needed), f"{stage} does not need {dep}"


def test_a_study_is_about_the_code_that_decides_about_the_weights():
    from pipeline.training.fingerprint import WEIGHTS

    assert {f"pipeline/{place}" for place in WEIGHTS} == {dep for dep in STAGES["train"]["deps"] if "pipeline" in dep}


@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage != "params"])
def test_a_stage_declares_the_sections_that_it_reads(stage):
    calls = [
        node
        for node in ast.walk(ast.parse(MODULES[f"stages.{stage}"].read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "load"
    ]
    read = [argument.value for call in calls for argument in call.args if argument.value != "tracking"]  # only records
    assert sorted(read) == sorted(STAGES[stage]["params"]) and "tracking" not in STAGES[stage]["params"]


def test_training_does_not_depend_on_the_test_data():
    assert "data/prepared/test" not in STAGES["train"]["deps"]
