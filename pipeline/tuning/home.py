"""The actor of a sweep on a Ray cluster: it lives on the machine where the sweep was started, in whose project it keeps
the states of trainings, and it knows whether the sweep is to stop."""

import os
from pathlib import Path

from pipeline.core import files
from pipeline.training import checkpoint


class Home:
    def __init__(self, project: Path) -> None:
        os.environ["DVC_ROOT"] = str(project)  # the root of the project, for this process
        self.stopped = False
        self.nodes: dict[int, str] = {}

    def begin(self, worker: int, node: str) -> bool:
        """Notes on which node a worker begins. Returns whether there is anything to do."""
        self.nodes[worker] = node
        return not self.stopped

    def stop(self) -> dict[int, str]:
        """Has all workers stop after the epoch under way. Returns worker → node, of those that have begun."""
        self.stopped = True
        return self.nodes

    def is_stopping(self) -> bool:
        return self.stopped

    def load(self, name: str) -> bytes | None:
        """The state of the training `name`, None where there is none."""
        with checkpoint.claim(name) as folder:
            return (folder / checkpoint.STATE).read_bytes() if checkpoint.exists(folder) else None

    def save(self, name: str, content: bytes) -> None:
        """Keeps the state of the training `name` in place of an earlier one, as `checkpoint.save` would here."""
        with checkpoint.claim(name) as folder, files.replacing(folder / checkpoint.STATE) as temporary:
            temporary.write_bytes(content)

    def discard(self, name: str) -> None:
        checkpoint.discard(name)
