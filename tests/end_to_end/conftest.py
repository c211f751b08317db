import pytest
from helpers.faults import EPOCHS
from helpers.project import Project


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory, source) -> Project:
    """A project after `dvc repro` with EPOCHS epochs, to which nothing happened. Leave it as it is."""
    project = Project(tmp_path_factory.mktemp("undisturbed") / "a b", source[1]).change("train", epochs=EPOCHS)
    project.ok("dvc", "repro")
    return project
