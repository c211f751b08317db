"""The port on which a server of this project listens: the one that was asked for, or a free one, which is said."""

import socket

from pipeline.core.cli import say

HOST = "127.0.0.1"  # this machine alone: nobody is asked for a password


def listen(port: int) -> socket.socket:
    """A socket that listens on `port`, or on a free port where another program does. Close it when done."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a server that was killed left it a minute ago
    try:
        listening.bind((HOST, port))
        listening.listen()
    except OSError:  # taken, or only for the administrator
        listening.bind((HOST, 0))
        listening.listen()
        say(f"note: port {port} cannot be had; another is taken")
    return listening
