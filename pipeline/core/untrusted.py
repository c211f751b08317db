"""What was read from a store is held against a full pattern before it becomes part of a path, a command or a query."""

import re
from typing import Any

from pipeline.core.errors import UserError

PATTERNS = {
    "run id": r"[0-9a-f]{32}",  # MLflow's
    "sha256": r"[0-9a-f]{64}",
    "md5": r"[0-9a-f]{32}(\.dir)?",  # DVC's; .dir for a folder
    "worker": r"worker-[0-9a-f]{32}",
    "commit": r"[0-9a-f]{40}([0-9a-f]{24})?",
    "training": r"[0-9a-f]{32}(\.[1-9][0-9]{0,3})?",  # a fingerprint; .2 of a second process at the same training
    "process id": r"[0-9]{1,10}",
    "name": r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}",  # of a study, a file: no separator, no leading dot
    # below a folder: relative, no part is . or .., no control character
    "path": r"(?!\.{1,2}(/|$))[^/\x00-\x1f\x7f-\x9f]+(/(?!\.{1,2}(/|$))[^/\x00-\x1f\x7f-\x9f]+)*",
}


def checked(value: Any, kind: str, origin: str) -> str:
    """Returns `value` if all of it matches PATTERNS[kind]. Raises UserError, which names `origin`, else.

    Whoever can write to a store (a study's storage, MLflow, `.state`, dvc.lock, a diff) would otherwise choose a path
    on the machine of whoever reads it: /etc, .. or a name with a newline.
    """
    if matches(value, kind):
        return str(value)
    raise UserError(f"{origin}: {str(value)[:80]!r} is no {kind} ({PATTERNS[kind]}); nothing was done with it")


def matches(value: Any, kind: str) -> bool:
    """Whether `value` is a str and all of it matches PATTERNS[kind]."""
    return isinstance(value, str) and re.fullmatch(PATTERNS[kind], value) is not None
