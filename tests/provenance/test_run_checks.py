"""The commit of a run: in the history or not, clean, carried, committed later, or lost."""

import hashlib
from pathlib import Path
from types import SimpleNamespace

import pytest
from helpers.git import commit_all, git

from pipeline.provenance import git as ours
from pipeline.provenance import run_checks
from pipeline.provenance.check import Level

pytestmark = pytest.mark.usefixtures("project")


def levels(commit: str, dirty: str, carried: bytes | None = None, **tags: str) -> list[Level]:
    """The levels of the checks (in the history, a clean tree) of a run with these tags and this artifact."""
    tags |= {"git.commit": commit, "git.dirty": dirty}
    run = SimpleNamespace(data=SimpleNamespace(tags=tags), info=SimpleNamespace(run_id="0" * 32))
    return [check.level for check in run_checks.commit(run, carried)]


def test_what_was_not_committed_may_be_carried_and_passes_once_it_is_committed():
    start = git("rev-parse", "HEAD")
    assert levels(start, "false") == [Level.PASSED, Level.PASSED]
    Path("pipeline/models/a.py").write_text("A = 2\n")
    Path("pipeline/models/new.py").write_bytes("# é\n".encode("latin-1"))
    carried = ours.uncommitted()
    assert levels(start, "true") == [Level.PASSED, Level.BROKEN]
    assert levels(start, "true", carried) == [Level.PASSED, Level.UNCOMMITTED]
    commit_all()
    assert levels(start, "true", carried) == [Level.PASSED, Level.PASSED]
    Path("pipeline/models/a.py").write_text("A = 3\n")
    commit_all()
    assert levels(start, "true", carried) == [Level.PASSED, Level.UNCOMMITTED]


def test_a_commit_that_no_branch_leads_to_is_broken_though_git_has_it():
    gone = git("commit-tree", "HEAD^{tree}", "-m", "amended away")
    assert levels(gone, "false") == [Level.BROKEN, Level.PASSED]
    assert levels("HEAD", "unknown") == [Level.BROKEN, Level.BROKEN]
    assert levels("HEAD", "true", b"") == levels("--version", "true", b"") == [Level.BROKEN, Level.UNCOMMITTED]
    assert levels("f" * 40, "true", b"no difference") == [Level.BROKEN, Level.UNCOMMITTED]


def test_another_difference_than_the_run_was_tagged_with_is_broken():
    start, (carried, other) = git("rev-parse", "HEAD"), (b"a difference", b"planted")
    tag = {"git.diff.sha256": hashlib.sha256(carried).hexdigest()}
    assert levels(start, "true", carried, **tag) == [Level.PASSED, Level.UNCOMMITTED]
    assert levels(start, "true", other, **tag) == [Level.PASSED, Level.BROKEN]
