"""What `reproduce` runs, and that it runs nothing else, whatever stands in the MLflow store."""

import hashlib
import io
import subprocess
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import pytest
from helpers.data import SHIPPED
from helpers.git import commit_all, git
from hypothesis import example, given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from pipeline.commands import reproduce as command
from pipeline.core import files
from pipeline.core.errors import UserError
from pipeline.core.untrusted import matches
from pipeline.provenance import lineage
from pipeline.tracking import queries
from pipeline.workflow import reproduce

PLANTED = """\
diff --git a/pipeline/a.py b/pipeline/a.py
--- a/pipeline/a.py
+++ b/pipeline/a.py
@@ -1 +1,2 @@
 A = 1
+print("planted")
"""


BINARY = b"""\
diff --git a/pipeline/b.pyc b/pipeline/b.pyc
new file mode 100644
index 0000000000000000000000000000000000000000..2a36a6099429ca28fd1f0aae3a0e05a524272d2e
GIT binary patch
literal 6
NcmZQz{GXJW2LJ|b0y+Qy

literal 0
HcmV?d00001

"""


@pytest.fixture
def commit(tmp_path, monkeypatch) -> str:
    """The commit of a repository, in the current folder, that has a file pipeline/a.py."""
    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    files.write_text(Path("pipeline/a.py"), "A = 1\n")
    return commit_all()


@pytest.fixture
def retrained(monkeypatch) -> list:
    """The uncommitted changes with which a run was trained again: what `retrain` was called with."""
    calls = []
    monkeypatch.setattr(command, "retrain", lambda run, difference, folder: calls.append(difference))
    monkeypatch.setattr(command, "compare", lambda run, folder: "the same model")
    monkeypatch.setattr("pipeline.provenance.worktree.dvc", lambda *_, **__: ".")
    return calls


def plant(store, commit: str, **tags: str) -> str:
    """The id of a run with these tags, and with uncommitted changes that it was not trained with."""
    run_id = store.create_run("0", tags={"model.sha256": "0" * 64, "git.commit": commit} | tags).info.run_id
    store.log_text(run_id, PLANTED, lineage.DIFFERENCE.as_posix())
    return run_id


def reproduced(run_id: str, *options: str) -> None:
    command.main.main([run_id, *options], standalone_mode=False)


def test_uncommitted_changes_are_shown_and_not_run_unless_they_are_trusted(store, commit, retrained, capsys):
    run_id = plant(store, commit, **{"git.dirty": "true"})
    with pytest.raises(UserError, match="--trust-diff runs them"):
        reproduced(run_id)
    assert '+print("planted")' in capsys.readouterr().out
    assert not retrained
    reproduced(run_id, "--trust-diff")
    assert retrained == [PLANTED.encode()]


@pytest.mark.parametrize(("answer", "runs"), [("y\n", 1), ("n\n", 0), ("\n", 0)])
def test_on_a_terminal_somebody_is_asked(store, commit, retrained, monkeypatch, answer, runs):
    terminal = io.StringIO(answer)
    terminal.isatty = lambda: True
    monkeypatch.setattr("sys.stdin", terminal)
    run_id = plant(store, commit, **{"git.dirty": "true"})
    if runs:
        reproduced(run_id)
    else:
        with pytest.raises(UserError, match="nothing was run"):
            reproduced(run_id)
    assert len(retrained) == runs


def test_changes_that_are_not_those_of_the_training_are_refused_even_if_they_are_trusted(store, commit, retrained):
    tags = {"git.dirty": "true", "git.diff.sha256": hashlib.sha256(b"what was uncommitted then").hexdigest()}
    with pytest.raises(UserError, match=r"uncommitted\.diff is not what it was trained with"):
        reproduced(plant(store, commit, **tags), "--trust-diff")
    reproduced(plant(store, commit, **{"git.dirty": "false"}))
    assert retrained == [None], "a clean tree takes no changes, though the store has some"


def test_a_run_that_is_not_there_is_one_line(store, commit, retrained):
    with pytest.raises(UserError, match="run 0123 is not in the MLflow store"):
        reproduced("0123")
    assert not retrained


def test_code_that_no_branch_has_is_not_run(store, commit, retrained):
    git("commit", "-q", "--allow-empty", "-m", "left behind")
    left = git("rev-parse", "HEAD")
    git("reset", "-q", "--hard", commit)
    with pytest.raises(UserError, match=f"no branch or tag here has commit {left}"):
        reproduced(plant(store, left))
    assert not retrained


NO_COMMITS = st.text() | st.from_regex(r"(--[a-z=/]+|HEAD|[0-9a-f]{39}|@{1,2}|[0-9a-f]{40}\n)", fullmatch=True)


@given(NO_COMMITS.filter(lambda text: not matches(text, "commit")))
@example("--upload-pack=x")
@example("HEAD")
@example("../other")
def test_no_program_sees_a_commit_that_is_none(commit_tag):
    run = SimpleNamespace(
        info=SimpleNamespace(run_id="0" * 32),
        data=SimpleNamespace(tags={"model.sha256": "0" * 64, "git.commit": commit_tag}),
    )
    with pytest.MonkeyPatch.context() as patch, pytest.raises(UserError) as refused:
        patch.setattr(queries, "resolve_run", lambda _: run)
        patch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("a program was started"))
        reproduced("0" * 32)
    assert "\n" not in str(refused.value)


def as_diff(path: str, mode: str = "100644", other: str | None = None) -> bytes:
    """A diff that makes a file; where `other` is given, one that renames that file."""
    if other:
        return f"diff --git a/{other} b/{path}\nsimilarity index 100%\nrename from {other}\nrename to {path}\n".encode()
    return (
        f"diff --git a/{path} b/{path}\nnew file mode {mode}\n--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+planted\n"
    ).encode()


@pytest.mark.parametrize(
    "difference",
    [
        as_diff("MLproject"),
        as_diff(".dvc/config"),
        as_diff(".git/hooks/post-checkout"),
        as_diff("../planted"),
        as_diff("/tmp/planted"),
        as_diff("pipeline/../planted"),
        as_diff("pipelines/planted.py"),
        as_diff("params.yaml.py"),
        as_diff("planted.py", other="pipeline/a.py"),
        as_diff("pipeline/b.py") + as_diff("planted.py"),
        BINARY,
        b"no diff",
        b"",
        b"\xff\0",
    ],
)
def test_changes_of_anything_but_sources_are_refused_whole(commit, difference):
    with pytest.raises(UserError, match=r"only text in pipeline, params|do not fit its commit"):
        reproduce.apply_difference(difference, Path())
    assert git("status", "--porcelain", "--ignored") == ""
    assert not Path("../planted").exists()


def test_changes_of_sources_are_applied(commit):
    reproduce.apply_difference(PLANTED.encode() + as_diff("params.yaml") + as_diff("pipeline/né w.py"), Path())
    assert Path("pipeline/a.py").read_text() == 'A = 1\nprint("planted")\n'
    assert Path("pipeline/né w.py").read_text() == Path("params.yaml").read_text() == "planted\n"


@given(st.text() | st.from_regex(r"[0-9]{1,3}[,}\] ]{1,3}[a-z]{1,9}: [\[{&*!][a-z:/.]*"))
@example("3\ndownload: {sources: ['http://planted/']}")
@example("3, planted: 1")
@example("*anchor")
def test_a_parameter_out_of_the_store_becomes_one_value_and_nothing_else(value):
    text = SHIPPED.read_text()
    run, written = SimpleNamespace(info=SimpleNamespace(run_id="0" * 32)), {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(queries, "trained_params", lambda _: {"epochs": value, "filters": value})
        patch.setattr(Path, "read_text", lambda *_, **__: text)
        patch.setattr(files, "write_text", written.__setitem__)
        patch.setattr(Path, "is_dir", lambda _: False)
        patch.setattr(reproduce, "run_dvc", lambda *_, **__: 0)
        try:
            reproduce.retrain(run, None, Path())
        except UserError:
            return
    (now,) = written.values()
    before, after = (YAML(typ="safe", pure=True).load(content) for content in (text, now))
    for params in (before, after):
        assert not isinstance(params["train"].pop("epochs"), dict | list)
        assert not isinstance(params["train"]["model"].pop("filters"), dict | list)
    assert after == before


def test_the_verdict_is_on_data_then_bytes_then_figures(tmp_path):
    for name in ("train", "validation"):
        (tmp_path / "data/prepared" / name).mkdir(parents=True)
        (tmp_path / "data/prepared" / name / "labels.npy").write_text(name)
    files.write_text(tmp_path / "models/model.keras", "a model")
    files.write_text(tmp_path / "reports/train.json", '{"validation": {"accuracy": 0.9}}')
    data = {f"data.{n}.sha256": files.folder_sha256(tmp_path / "data/prepared" / n) for n in ("train", "validation")}
    same = {"model.sha256": files.sha256(tmp_path / "models/model.keras")}

    def verdict(tags: dict, accuracy: float) -> str:
        data = SimpleNamespace(tags=tags, metrics={"best/accuracy": accuracy})
        return reproduce.compare(SimpleNamespace(data=data), tmp_path)

    assert "byte for byte" in verdict(data | same, 0.9)
    assert "other bytes, but the same validation accuracy, 0.9" in verdict(data | {"model.sha256": "0"}, 0.9)
    with pytest.raises(UserError, match=r"another model: validation accuracy 0\.9, not 0\.8"):
        verdict(data | {"model.sha256": "0"}, 0.8)
    with pytest.raises(UserError, match="other train data came out"):
        verdict(data | same | {"data.train.sha256": "0"}, 0.9)


def test_what_is_other_than_where_the_run_was_trained_is_named():
    def others(packages: str, **tags: str) -> str | None:
        return reproduce.other_environment(SimpleNamespace(data=SimpleNamespace(tags=tags)), packages)

    here = lineage.tags({})
    assert others(lineage.packages(), **{name: here[name] for name in ("processor", "python.version")}) is None
    assert others("") is None
    assert (
        others("numpy==1.0\n", processor="Z80")
        == f"processor was Z80, is {here['processor']}; numpy was 1.0, is {version('numpy')}"
    )
    assert others("nothing==2\n") == "nothing was 2, is missing"
    assert others("".join(f"p{n}==1\n" for n in range(12))).endswith("p9 was 1, is missing; and 2 more")
