"""Models with weights of their own that are logged, registered and served, without any training."""

import contextlib
import json
import threading
import time
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError

import numpy as np

from pipeline.config.schema import Params
from pipeline.data.appearance import Appearance
from pipeline.models import architectures, saving
from pipeline.serving.classifier import Classifier
from pipeline.serving.listen import listen
from pipeline.serving.source import Source

DARK = Appearance("dark", None)
CLASSES = ['it\'s "A"', "Bücher 本", "<b>C</b>", "D: {x}"]


def make_model(params: Params, seed: int, shape=(8, 8, 1), classes=4):
    """A network whose weights are drawn with `seed`; its answers differ from those of another."""
    model = architectures.build(shape, classes, params.train)
    random = np.random.default_rng(seed)
    model.set_weights([random.normal(0, 0.2, weights.shape) for weights in model.get_weights()])
    return model


def log_champion(params: Params, folder: Path, seed: int, images: np.ndarray) -> str:
    """Logs such a model into the open store and makes it the champion. Returns the id of the run."""
    from pipeline.tracking import logging, queries, registry, runs

    name = params.dataset.name
    path = folder / f"{seed}.keras"
    saving.save(make_model(params, seed), path)
    with runs.run() as run_id:
        logging.log_start({"dataset": {"name": name}, "train": params.train.model_dump()}, {})
        logging.log_model(path, images.shape[1:], CLASSES, images)
    (model,) = queries.logged_models()[run_id]
    registry.make_champion(name, registry.register(name, run_id, model.model_id, {}), "a test", [])
    return run_id


@contextlib.contextmanager
def serving(params: Params, shape=(8, 8, 1), appearance=DARK) -> Iterator[tuple[str, Classifier]]:
    """(address, what answers there) of a server in a thread, whose model is in no store."""
    import uvicorn

    from pipeline.serving.app import App
    from pipeline.tracking import scoring
    from pipeline.tracking.served_model import ServedModel

    classifier = Classifier(make_model(params, 1, shape), shape, appearance)
    source = Source("quadrants", "1", "ab" * 16, {}, Path("nowhere"), CLASSES, appearance)
    asgi = App(scoring.app(ServedModel(classifier.model, CLASSES)), classifier, source)
    with listen(0) as listening:
        server = uvicorn.Server(uvicorn.Config(asgi, log_level="critical"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield "http://{}:{}".format(*listening.getsockname()), classifier
        finally:
            server.should_exit = True
            thread.join()


def ask(address: str, body, content_type: str = "application/json", at: str = "invocations") -> tuple[int, dict]:
    """Status and content of the answer to a request; `body` is sent as JSON unless it is bytes."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(f"{address}/{at}", data, {"Content-Type": content_type})
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, json.load(response)
    except HTTPError as error:
        return error.code, json.load(error)


def ask_until_answered(address: str, image: np.ndarray, patience: float = 180) -> dict:
    """The answer for a picture, as a client gets it that tries again where the server is away; for so many seconds."""
    end = time.monotonic() + patience
    while True:
        try:
            status, answer = ask(address, {"inputs": [image.tolist()]})
        except (OSError, HTTPException):  # it was killed before, or amid its answer
            if time.monotonic() > end:
                raise
            time.sleep(0.2)  # nobody tells when it is back
            continue
        assert status == 200, answer
        return answer["predictions"][0]
