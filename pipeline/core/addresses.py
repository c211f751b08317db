"""Addresses of stores and sources without their passwords, for all that is printed, logged or written."""

import re
from urllib.parse import urlsplit

_ADDRESS = re.compile(r"[a-zA-Z][\w+.-]*:/+[^\s'\"<>]+")
_NAMED = re.compile(
    r"(?i)\b([\w-]*(?:passw|passfile|passphrase|pwd|secret|token|signature|credential|(?:access|api|account|private)[_-]?key)[\w-]*"
    r"\s?=\s?)[^\s&;,'\"]+"
)


def mask_passwords(text: str) -> str:
    """The text with *** for each password in it: of an address (user:***@host), or by its name (?password=***).

    Text that contains addresses is as good as an address: libraries repeat them in their messages. Where a parser and
    an eye may disagree on the end of a password (u:a@b/c@host), all up to the last @ is masked.
    """
    return _NAMED.sub(r"\1***", _ADDRESS.sub(lambda found: _without_user_info(found[0]), text))


def has_password(address: str) -> bool:
    """Whether an address carries a password, a token or a key."""
    return mask_passwords(address) != address


def _without_user_info(address: str) -> str:
    scheme, slashes, rest = re.split(r"(:/+)", address, maxsplit=1)
    if "@" not in rest or not _has_user_info(rest):
        return address
    secret, _, host = rest.rpartition("@")
    user, colon, _ = secret.partition(":")
    if not colon and scheme.startswith(
        "postgresql"
    ):  # a database asks for the password of a name; the web takes tokens
        return address
    return f"{scheme}{slashes}{user + colon if colon else ''}***@{host}"


def _has_user_info(rest: str) -> bool:
    """Whether what stands behind the :// begins with user:password@, or a token and @."""
    try:
        parts = urlsplit(f"//{rest}")
        _ = parts.port
    except ValueError:  # no number where the port would be: a password with a / or ? in it
        return True
    return "@" in parts.netloc
