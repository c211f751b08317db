"""What the code of this package hashes to, file by file."""

from pathlib import Path

from pipeline.core import files

PACKAGE = Path(__file__).parents[1]


def code_sha256(*places: str) -> dict[str, str]:
    """Path in the package → sha256, of each Python file in these rooms, or at these paths; of all where none is given.

    ("models", "data/arrays.py") → {"data/arrays.py": …, "models/cnn.py": …, …}
    """
    found = [path for place in places or (".",) for path in _python_files(PACKAGE / place)]
    return {path.relative_to(PACKAGE).as_posix(): files.sha256(path) for path in sorted(found)}


def _python_files(place: Path) -> list[Path]:
    return list(place.rglob("*.py")) if place.is_dir() else [place]
