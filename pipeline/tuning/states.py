"""Where the states of trainings are kept, so that an interrupted trial goes on wherever it is taken up."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.core import files
from pipeline.training import checkpoint

if TYPE_CHECKING:
    import ray.actor


class States:
    """Those of a worker on the machine of the sweep: what `training.checkpoint` writes is kept already."""

    def fetch(self, folder: Path) -> None:
        """Brings the state of a training, if there is one, into the folder that was claimed for it."""

    def keep(self, folder: Path) -> None:
        """Keeps the state that was just written in this folder. Returns when it is safe."""

    def discard(self, name: str) -> None:
        """Forgets the state of the training `name`, which is over."""
        checkpoint.discard(name)


class StatesElsewhere(States):
    """Those of a worker on any node of a Ray cluster: kept in the project, by the actor `home`.

    A node that dies takes none along, and a sweep without Ray goes on with them as well. All methods raise OSError
    where the machine of the sweep no longer answers: that is no fault of the trial's parameters.
    """

    def __init__(self, home: "ray.actor.ActorHandle") -> None:
        self.home = home

    def fetch(self, folder: Path) -> None:
        content = self._ask("load", folder.name)
        if content is not None:
            with files.replacing(folder / checkpoint.STATE) as temporary:
                temporary.write_bytes(content)

    def keep(self, folder: Path) -> None:
        self._ask("save", folder.name, (folder / checkpoint.STATE).read_bytes())

    def discard(self, name: str) -> None:
        checkpoint.discard(name)
        self._ask("discard", name)

    def _ask(self, method: str, *arguments: Any) -> Any:
        import ray

        try:
            return ray.get(getattr(self.home, method).remote(*arguments))
        except ray.exceptions.RayTaskError as error:
            raise OSError(f"the state of a training: {error.cause}") from None
        except ray.exceptions.RayError as error:
            raise ConnectionError(f"the machine that the sweep was started on does not answer: {error}") from None
