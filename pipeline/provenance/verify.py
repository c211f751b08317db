"""Which checks of MLflow's runs there are: of the one that made the model in this folder, of another, or of all."""

from pipeline.config.schema import Dataset
from pipeline.core import files, paths
from pipeline.core.process import git
from pipeline.provenance import folder_checks, model_checks, registry_checks, run_checks
from pipeline.provenance.check import Check


def verify(dataset_config: Dataset, asked: str | None, everything: bool) -> tuple[list[Check], list[str]]:
    """The checks of the run `asked`, else of the run of this folder, or every run; and notes on what is not checked.

    The MLflow store has to be open. Raises UserError where it has no such run.
    """
    from pipeline.tracking import queries

    found: list[Check] = []
    notes: list[str] = []
    has_git = git("rev-parse", "HEAD") is not None
    if not has_git:
        notes.append("commits are not checked: git is missing, or there is no commit here")
    if asked:
        asked_run = queries.resolve_run(asked)
        trained = asked_run.info.run_id
    else:
        trained = _trained_here(notes)
        if run := queries.get_run(trained):
            found += model_checks.checks(run, has_git)
        found += registry_checks.champion(dataset_config.name)
    chosen = [run for run in queries.trained() if everything or run.info.run_id == trained]
    if asked and not chosen:
        raise queries.without_model(asked_run)
    models, versions = queries.logged_models(), queries.model_versions()
    for run in chosen:
        run_id = run.info.run_id
        if run.info.status != "FINISHED":
            notes.append(f"run {run_id[:8]} is {run.info.status}: not all of it need be there")
        if origin := run.data.tags.get("restored_from"):
            notes.append(f"run {run_id[:8]} was restored from {origin[:8]} of another store; dvc.lock knows its code")
        found += run_checks.checks(run, models.get(run_id, []), versions.get(run_id, []), has_git)
    return found, notes


def _trained_here(notes: list[str]) -> str | None:
    """The run of the model in this folder, where the store has it; notes what is not here."""
    from pipeline.tracking import related

    trained = None
    if paths.RUN_ID.is_file() and paths.MODEL.is_file():
        named = paths.RUN_ID.read_text(encoding="utf-8", errors="replace").strip()
        trained = related.find_run_of_model(named, files.sha256(paths.MODEL))  # restored, it has another id
        if trained is None:
            notes.append(f"run {named} is not in this MLflow store; `python -m pipeline sync` restores it")
    if gone := folder_checks.missing():
        notes.append(f"not here: {', '.join(gone)}; `dvc repro` makes or restores them")
    return trained
