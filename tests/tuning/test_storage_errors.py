import pytest
import sqlalchemy
from optuna.exceptions import StorageInternalError

from pipeline.core.errors import UserError
from pipeline.tuning import storage

ADDRESS = "postgresql://u:secret@127.0.0.1:1/x"


def test_a_database_that_does_not_answer_in_the_midst_of_a_sweep_is_one_line_without_its_password():
    with pytest.raises(UserError) as away, storage.errors(ADDRESS):
        sqlalchemy.create_engine(ADDRESS).connect()
    said = str(away.value)
    assert said.startswith("storage postgresql://u:***@127.0.0.1:1/x: ") and said.endswith("; the same command goes on")
    assert "secret" not in said and "\n" not in said


def test_what_optuna_makes_of_it_says_what_the_database_said():
    closed = sqlalchemy.exc.OperationalError("select", {}, Exception("the connection is closed\nand more"))
    with pytest.raises(UserError, match=r": the connection is closed; the same"), storage.errors(ADDRESS):
        raise StorageInternalError("An exception is raised during the commit.") from closed
