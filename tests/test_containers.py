"""What can be said of containers and workflows without an engine: their form, their files, no secret."""

import subprocess
import sys
from pathlib import Path

import pytest
from helpers.project import ROOT
from ruamel.yaml import YAML

PROGRAMS = Path(sys.executable).parent
SCHEMAS = {
    "vendor.compose-spec": [ROOT / "compose.yaml"],
    "vendor.github-workflows": sorted((ROOT / ".github" / "workflows").glob("*.yml")),
}


@pytest.mark.parametrize("schema", SCHEMAS)
def test_files_have_the_form_that_their_reader_wants(schema):
    command = [PROGRAMS / "check-jsonschema", "--builtin-schema", schema, *SCHEMAS[schema]]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_hadolint_finds_nothing_in_the_dockerfile():
    checked = subprocess.run([PROGRAMS / "hadolint", ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_image_has_all_files_of_git_and_no_secret():
    ignored = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in listed.splitlines():
        parents = {name, *(str(parent) for parent in Path(name).parents)}
        assert not parents & set(ignored), name
    assert {".env", ".dvc/config.local"} <= set(ignored)


def test_no_password_has_a_default_and_nothing_listens_to_others():
    services = YAML(typ="safe", pure=True).load(ROOT / "compose.yaml")["services"]
    values = [service.get("environment", {}) for service in services.values()]
    for name, value in (item for each in values for item in each.items()):
        assert not name.endswith("PASSWORD") or value.startswith("${POSTGRES_PASSWORD:?"), name
    assert [port for service in services.values() for port in service.get("ports", [])] == ["127.0.0.1:5000:5000"]
