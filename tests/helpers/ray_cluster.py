"""A Ray cluster of several nodes on this machine, for the length of a test."""

import contextlib
import shutil
import sys
import tempfile
from collections.abc import Iterator

import psutil
import pytest


class Nodes:
    """A head without cores, on which a sweep is started, and two nodes of one core each."""

    def __init__(self, cluster) -> None:
        self.cluster, self.address = cluster, cluster.address
        for _ in range(2):
            self.add()

    def add(self) -> None:
        self.cluster.add_node(num_cpus=1)

    def kill_the_one_of(self, process_id: int) -> None:
        """kill -9 for the node that a worker process belongs to: for all of its processes."""
        workers = psutil.Process(process_id)
        (node,) = [
            node
            for node in self.cluster.worker_nodes
            if node.all_processes["raylet"][0].process.pid in [parent.pid for parent in workers.parents()]
        ]
        raylet = psutil.Process(node.all_processes["raylet"][0].process.pid)
        for process in (raylet, *raylet.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.cluster.remove_node(node, allow_graceful=False)  # waits for them


@contextlib.contextmanager
def cluster() -> Iterator[Nodes]:
    """Skips the test where Ray is not installed, or cannot start a worker."""
    pytest.importorskip("ray", reason="the extra `ray` is not installed")
    if " " in sys.executable:
        pytest.skip("Ray starts no worker by a Python in whose path is a space")
    folder = tempfile.mkdtemp(prefix="ray-")  # a short name: sockets are in it
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_TMPDIR", folder)
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_worker_niceness", "0")  # at Ray's 15, workers stand still while other tests run
        from ray.cluster_utils import Cluster

        soon = {"health_check_period_ms": 500, "health_check_failure_threshold": 3}  # a dead node is missed
        head = {"num_cpus": 0, "include_dashboard": False, "_system_config": soon}
        made = Cluster(initialize_head=True, head_node_args=head)
        try:
            yield Nodes(made)
        finally:
            made.shutdown()
            shutil.rmtree(folder, ignore_errors=True)
