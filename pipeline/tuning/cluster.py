"""The Ray cluster of a sweep: joined, and asked what it has."""

import contextlib
import logging
import os
import signal
import socket
import sys
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

from pipeline.config.schema import Resources, Tune
from pipeline.core import interrupt
from pipeline.core.cli import counted, say
from pipeline.core.code_hash import PACKAGE
from pipeline.core.errors import UserError
from pipeline.tuning import head

RESTARTS = 10  # how often Ray starts a worker again that died with its node, and one that it ended for lack of memory
THIS_MACHINE = (None, "localhost", "127.0.0.1", "::1")


class Node(NamedTuple):
    id: str
    host: str
    cpus: float
    gpus: float

    def room(self, each: Resources) -> int:
        """How many trials at once fit on an idle node."""
        by_cpus = self.cpus // each.cpus
        return int(min(by_cpus, self.gpus // each.gpus) if each.gpus else by_cpus)


@contextlib.contextmanager
def joined(address: str, study: str, mlflow: str, tune: Tune) -> Iterator[None]:
    """Makes this process the driver of a job on the cluster for the block; whatever it started ends with it.

    `address` is `auto`, for the cluster that this machine is part of, or HOST:PORT of its head. The code of this
    package goes along to the nodes. Prints what the cluster has. Raises UserError where Ray is not installed, where no
    cluster answers or has what `tune.ray` asks for, and where `study` or `mlflow`, the addresses of what workers write
    to, are of this machine alone.
    """
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".")  # what Ray itself says on this terminal: nothing
    os.environ.setdefault("RAY_task_oom_retries", str(RESTARTS))  # Ray (2.60) would start it again for ever
    try:
        import ray
    except ImportError:
        raise UserError("--ray: Ray is not installed; pip install 'seamline[ray]', or 'ray>=2.50,<3'") from None
    if " " in sys.executable:  # Ray 2.60 starts workers through a shell, and they would never come
        raise UserError(f"--ray: Ray starts no worker by a Python in whose path is a space: {sys.executable}")
    logging.getLogger("ray").setLevel(logging.CRITICAL)
    head.require_answer(address)
    handlers = {number: signal.getsignal(number) for number in interrupt.SIGNALS}
    code = {"py_modules": [str(PACKAGE)]}
    try:
        ray.init(address=address, runtime_env=code, log_to_driver=False, logging_level=logging.CRITICAL)
    except (OSError, RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())
        is_other = "ersion mismatch" in reason  # of Ray, or of Python
        raise UserError(f"--ray {address}: {reason if is_other else f'{head.NO_CLUSTER} ({reason})'}") from None
    for number, handler in handlers.items():  # Ray has put its own for SIGTERM
        signal.signal(number, handler)
    try:
        found = nodes()
        require_shared(found, study, mlflow)
        say(describe_room(found, tune))
        yield
    finally:
        ray.shutdown()


def nodes() -> list[Node]:
    """The nodes that are alive now."""
    import ray

    return [
        Node(
            each["NodeID"],
            each["NodeManagerHostname"],
            each["Resources"].get("CPU", 0.0),
            each["Resources"].get("GPU", 0.0),
        )
        for each in ray.nodes()
        if each["Alive"]
    ]


def describe_room(found: list[Node], tune: Tune) -> str:
    """What the cluster has, in a line. Raises UserError where no node has what a trial is to get."""
    room = sum(node.room(tune.ray) for node in found)
    if not room:
        has = "; ".join(sorted({f"{node.host} has {_said(node.cpus, node.gpus)}" for node in found}))
        raise UserError(f"tune.ray: no node has {_said(tune.ray.cpus, tune.ray.gpus)} for a trial: {has}")
    total = _said(sum(node.cpus for node in found), sum(node.gpus for node in found))
    wait = f"; there is room for {room} of {tune.workers} workers, the others wait" if room < tune.workers else ""
    return f"Ray cluster of {counted(len(found), 'node')}, {total}{wait}"


def require_shared(found: list[Node], study: str, mlflow: str) -> None:
    """Raises UserError where the study's storage or MLflow's store cannot be reached from all nodes.

    Nodes of this machine reach all of it.
    """
    others = sorted({node.host for node in found} - {socket.gethostname()})
    if not others:
        return
    problems = []
    if urlsplit(study).hostname in THIS_MACHINE:
        problems.append("--storage names this machine as localhost; name it as other nodes do")
    if "://" not in mlflow or mlflow.startswith(("sqlite:", "file:")):
        problems.append("MLflow's store is a file here; set MLFLOW_TRACKING_URI to a server or a database")
    elif urlsplit(mlflow).hostname in THIS_MACHINE:
        problems.append("MLFLOW_TRACKING_URI names this machine as localhost; name it as other nodes do")
    if problems:
        raise UserError(f"--ray: {others[0]} has to reach what workers write to: {'; '.join(problems)}")


def lost(before: list[Node], now: list[Node]) -> list[Node]:
    """The nodes that are gone."""
    alive = {node.id for node in now}
    return [node for node in before if node.id not in alive]


def _said(cpus: float, gpus: float) -> str:
    return f"{counted(f'{cpus:g}', 'CPU')} and {counted(f'{gpus:g}', 'GPU')}"
