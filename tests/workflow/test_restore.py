"""What `restore` reads before it asks any store."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.core import files, paths
from pipeline.core.errors import UserError
from pipeline.core.untrusted import matches
from pipeline.workflow import restore


@given(st.text().filter(lambda text: not matches(text.strip(), "run id")))
@example("../../etc/passwd")
@example("f" * 31)
@example("f" * 32 + " OR 1=1")
def test_what_is_no_run_id_goes_into_no_query(tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("outputs")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for path in (paths.MODEL, paths.HISTORY, paths.TRAIN_METRICS):
            files.write_text(path, "")
        files.write_text(paths.RUN_ID, text)
        patch.setattr("pipeline.tracking.related.find_run_of_model", lambda *_: pytest.fail("the store was asked"))
        with pytest.raises(UserError, match=r"^models/run_id: .* is no run id"):
            restore.ensure_run(None, None)
