"""Runs the stage preprocess and prints the most memory that it kept: bytes that the system cannot take back.

Those are the pages of its own. Pages of files that it has mapped stay as long as there is room, and are left out.
"""

import threading

import psutil

from pipeline.core.cli import run_cli
from pipeline.stages import preprocess

INTERVAL = 0.005  # seconds


def main() -> None:
    process, is_done, most = psutil.Process(), threading.Event(), 0

    def watch() -> None:
        nonlocal most
        while not is_done.wait(INTERVAL):
            memory = process.memory_info()
            most = max(most, memory.rss - memory.shared)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        preprocess.main()
    finally:
        is_done.set()
        watching.join()
    print("kept", most, "bytes")


if __name__ == "__main__":
    run_cli(main)
