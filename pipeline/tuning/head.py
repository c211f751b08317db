"""The head of a Ray cluster: found, and asked whether it is there. Ray's own questions would wait for long."""

import contextlib
import socket
import time

from pipeline.core.errors import UserError

PATIENCE = 5  # seconds until a head has to answer
AWAY = 30  # seconds that it may be away in a sweep; after 60, Ray (2.60) ends the program with lines of its own
NO_CLUSTER = "no Ray cluster answers; start one with `ray start --head`"


class Head:
    """The head at HOST:PORT, in a sweep that is under way."""

    def __init__(self, address: str) -> None:
        self.address, self.seen = address, time.monotonic()

    def answers(self) -> bool:
        """Whether it answers now. Raises UserError where it has not for AWAY seconds."""
        try:
            connect(self.address)
        except OSError:
            if time.monotonic() - self.seen < AWAY:
                return False
            raise UserError(
                f"the head of the Ray cluster, {self.address}, is lost; start the cluster anew, and the same command "
                "goes on after the last finished epochs"
            ) from None
        self.seen = time.monotonic()
        return True


def require_answer(address: str) -> None:
    """Raises UserError for an address that is none of a cluster, or does not answer."""
    found = address
    if address == "auto":
        try:
            found = known_here()
        except (OSError, ValueError):
            raise UserError(f"--ray auto: {NO_CLUSTER}, or give HOST:PORT of its head") from None
        if not found:
            return  # Ray asks for itself then, and waits for longer
    host, colon, port = found.rpartition(":")
    if not (colon and host and port.isdecimal()) or "/" in found:
        raise UserError(
            f"--ray {found}: should be auto or HOST:PORT of the cluster's head, typed on a machine of the cluster"
        )
    try:
        connect(found)
    except (OSError, OverflowError) as error:
        raise UserError(f"--ray {found}: {NO_CLUSTER} ({error})") from None


def connect(address: str) -> None:
    """Raises OSError where nobody listens at HOST:PORT."""
    host, _, port = address.rpartition(":")
    socket.create_connection((host.strip("[]"), int(port)), PATIENCE).close()


def known_here() -> str:
    """HOST:PORT of the cluster that this machine is part of. Raises ConnectionError where there is none.

    After a cluster has died, that is where it was. "" where Ray does not tell: it has no public function for it.
    """
    with contextlib.suppress(ImportError, AttributeError):
        from ray._private import services

        return services.canonicalize_bootstrap_address("auto") or ""
    return ""
