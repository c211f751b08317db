"""`python -m pipeline serve` and `ui`, the real programs."""

import asyncio
import json
import signal
import subprocess
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import mlflow
import numpy as np
import psutil
import pytest
from helpers.browser import browse
from helpers.data import free_port, make_split
from helpers.faults import EPOCHS
from helpers.project import Project
from helpers.served import CLASSES, ask_until_answered, log_champion, make_model

from pipeline.serving.listen import listen
from pipeline.tracking.served_model import ServedModel

pytestmark = pytest.mark.e2e

IMAGES = make_split(200, 1).images
AS_A_STRANGER = """
import sys, mlflow, numpy
model = mlflow.pyfunc.load_model(sys.argv[1])
example = model.input_example
assert example.dtype == "uint8" and example.shape == (1, 8, 8, 1)
assert list(model.predict(example).columns) == model.metadata.get_output_schema().input_names()
assert "pipeline" not in sys.modules
model.predict(numpy.load(sys.argv[2])).to_json(sys.argv[3], orient="records")
"""


@pytest.fixture
def project(prepared, tmp_path, monkeypatch) -> Project:
    """A project of which this process has the store open."""
    from pipeline.tracking import store

    project = prepared.copy(tmp_path / "project é")
    monkeypatch.setenv("DVC_ROOT", str(project.folder))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    store.open_store()
    return project


def start(project: Project, name: str, port: int) -> tuple[subprocess.Popen, list[str]]:
    """A command that serves, and what it printed until it said at which address."""
    process = project.start("python", "-m", "pipeline", name, "--port", str(port))
    shown: list[str] = []
    while not shown or "(Ctrl-C ends it)" not in shown[-1]:
        shown.append(process.stdout.readline())
        assert shown[-1], shown
    return process, shown


def end_politely(process: subprocess.Popen) -> None:
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=60)
    assert process.returncode == 130 and rest.strip() == "stopped by Ctrl-C"


def answers_to_a_stranger(run_id: str, folder: Path) -> list[dict]:
    """What the logged model answers in a program that knows nothing of this project."""
    place = mlflow.artifacts.download_artifacts(f"runs:/{run_id}/model", dst_path=str(folder / run_id))
    np.save(folder / "images.npy", IMAGES)
    command = [sys.executable, "-I", "-c", AS_A_STRANGER, place, folder / "images.npy", folder / "answers.json"]
    subprocess.run(command, cwd=folder, check=True)
    return json.loads((folder / "answers.json").read_text())


def same(answer: dict, other: dict) -> bool:
    """Whether two answers agree: which pictures are worked on together is seen in the last digits."""
    are_near = answer["probabilities"] == pytest.approx(other["probabilities"], abs=1e-5)
    return are_near and answer["class"] == other["class"]


def test_no_request_is_lost_when_the_server_is_killed_and_a_restart_follows_the_champion(project, params, tmp_path):
    first = log_champion(params, tmp_path, 1, IMAGES)
    old, port = answers_to_a_stranger(first, tmp_path), free_port()
    address = f"http://127.0.0.1:{port}"
    process, shown = start(project, "serve", port)
    try:
        assert shown == [
            f"the champion, version 1 of quadrants (run {first[:8]}) answers on {address}  (Ctrl-C ends it)\n"
        ]
        assert b"Choose a picture" in urllib.request.urlopen(address).read()
        second = log_champion(params, tmp_path, 2, IMAGES)
        new = ServedModel(make_model(params, 2), CLASSES).predict(IMAGES).to_dict("records")
        assert not any(same(*both) for both in zip(old, new, strict=True))
        with ThreadPoolExecutor(16) as clients:
            asked = [clients.submit(ask_until_answered, address, image) for image in IMAGES[:100]]
            done = as_completed(asked)
            for _ in range(50):
                next(done)
            process.kill()
            process.wait()
            asked += [clients.submit(ask_until_answered, address, image) for image in IMAGES[100:]]
            process, shown = start(project, "serve", port)
            assert shown[0].startswith(f"the champion, version 2 of quadrants (run {second[:8]})")
            answers = [request.result() for request in asked]
        of_the_old = [same(*both) for both in zip(answers, old, strict=True)]
        of_the_new = [same(*both) for both in zip(answers, new, strict=True)]
        assert all(one != other for one, other in zip(of_the_old, of_the_new, strict=True))
        assert sum(of_the_old) >= 50 and all(of_the_new[100:])
        end_politely(process)
    finally:
        process.kill()


NEW_READER = "localStorage.clear(); localStorage['mlflow.assistant.fab.autoOpenedOnFirstLoad_v1'] = true"
DRAWN = """JSON.stringify([...document.querySelectorAll('.js-plotly-plot')].flatMap(plot => plot.data ?? [])
.filter(line => line.metricKey).map(line => [line.metricKey, [...line.y]]))"""
OF_MLFLOW = (
    "ResizeObserver loop",
    "AG Grid: since v27.1",
    "ajax-api/2.0/mlflow/users/current",
)  # what MLflow's own pages complain of


async def look_at_ui(address: str, listed: str, project: Project, screenshots: Path | None) -> None:
    """The list of runs, then a run: what it is in words, its curves, and the report among its artifacts."""
    (run,) = project.runs()
    history = project.client().get_metric_history(run.info.run_id, "epoch/validation_accuracy")
    place = f"{address}/#/experiments/0/runs/{run.info.run_id}"

    async with browse(f"{address}{listed}") as page:

        async def look(name: str, url: str, *wanted: tuple[str, ...], height: int = 900) -> None:
            async def come_anew() -> None:  # the UI keeps its colours, and has forgotten the columns when reloaded
                await page.value(NEW_READER)
                for each in ("about:blank", url):
                    await page.call("Page.navigate", url=each)
                is_wide = await page.value("innerWidth") > 1000  # on a phone the UI has little in sight
                for each in wanted if is_wide else wanted[:1]:
                    await page.shows(*each)

            await page.emulate(height=height)  # the UI draws what is in sight
            await page.call("Page.navigate", url=url)
            for each in wanted:
                await page.shows(*each)
            await page.photograph(screenshots, name, come_anew, height)

        await look("ui_runs", f"{address}{listed}", (f"cnn {EPOCHS} epochs",), ("test/accuracy",))
        await look("ui_run", f"{place}?workflowType=machine_learning", ("Accepted by the gate",))
        metrics = f"{place}/model-metrics?workflowType=machine_learning"
        await look("ui_curves", metrics, ("Add chart",), ("epoch/validation_accuracy", DRAWN), height=1600)
        await page.emulate(height=1600)
        drawn = dict(json.loads(await page.shows("epoch/validation_accuracy", DRAWN)))
        assert drawn["epoch/validation_accuracy"] == [point.value for point in history] and len(history) == EPOCHS
        await page.call("Page.navigate", url=f"{place}/artifacts/model.html")
        await page.shows("blob:", "document.querySelector('iframe')?.src")
        report = await page.value("fetch(document.querySelector('iframe').src).then(found => found.text())")
        assert "How good is this quadrants classifier?" in report
        page.assert_quiet(address, known=OF_MLFLOW)


def test_the_ui_takes_a_free_port_shows_the_runs_and_ends_with_all_that_it_started(done, tmp_path, screenshots):
    project = done.copy(tmp_path / "copy")
    with listen(0) as taken:
        port = taken.getsockname()[1]
        process, shown = start(project, "ui", port)
    try:
        assert shown[0] == f"note: port {port} cannot be had; another is taken\n"
        address, _, page = shown[-1].split()[0].partition("/#/")
        assert page == "experiments/0/runs?viewStateShareKey=results&workflowType=machine_learning"
        asyncio.run(look_at_ui(address, f"/#/{page}", project, screenshots))
        started = psutil.Process(process.pid).children(recursive=True)
        end_politely(process)
        assert started and not psutil.wait_procs(started, timeout=10)[1]
    finally:
        process.terminate()  # and not killed: it ends what it has started
        process.wait(60)
