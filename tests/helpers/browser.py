"""A headless browser, for looking at pages as a person does."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --host-resolver-rules=MAP\\ *\\ ~NOTFOUND --dump-dom"
)


def render_text(page: Path) -> str:
    """The document after its scripts ran, with no network to reach. Skips the test where no browser is installed."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        pytest.skip("no browser is installed")
    flags = [flag.replace("\0", " ") for flag in FLAGS.replace("\\ ", "\0").split()]
    with tempfile.TemporaryDirectory() as profile:
        command = [program, *flags, f"--user-data-dir={profile}", page.as_uri()]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
