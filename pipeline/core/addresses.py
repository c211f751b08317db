"""Addresses of stores and sources without their passwords, for all that is printed, logged or written."""

import re
from urllib.parse import unquote, urlsplit

_ADDRESS = re.compile(r"[a-zA-Z][\w+.-]*:/+[^\s'\"<>]+")  # in a text
_WHOLE = re.compile(r"[a-zA-Z][\w+.-]*:/+[^\n]*")  # a text that is an address: its password may hold any character
_WORDS = "passw|passfile|passphrase|pwd|secret|token|signature|credential|(?:access|api|account|private)[_-]?key"
_SECRET = rf"[\w-]*(?:{_WORDS})[\w-]*"
_NAMED = re.compile(rf"(?i)\b({_SECRET}\s?=\s?)[^\s&#'\"]+")
_IN_QUERY = re.compile(rf"(?i)({_SECRET}|pw|pass|sig|auth|key)")
_WEB = ("http", "https")


def mask_passwords(text: str) -> str:
    """The text with *** for each password in it: of an address (user:***@host), or by its name (?password=***).

    A text that contains addresses is as good as an address: libraries repeat them in their messages. Where a parser and
    an eye may disagree on the end of a password (u:a@b/c@host), all up to the last @ is masked.
    """
    if _WHOLE.fullmatch(text):
        return _NAMED.sub(r"\1***", _masked(text))
    return _NAMED.sub(r"\1***", _ADDRESS.sub(lambda found: _masked(found[0]), text))


def has_password(address: str) -> bool:
    """Whether an address carries a password, a token or a key."""
    return mask_passwords(address) != address


def _masked(address: str) -> str:
    """An address, or a chain of them as fsspec has it (zip://x::https://…)."""
    parts = re.split(r"::(?=[a-zA-Z][\w+.-]*:/)", address)
    return "::".join(_without_query_secrets(_without_user_info(part)) for part in parts)


def _without_user_info(address: str) -> str:
    scheme, *rest = re.split(r"(:/+)", address, maxsplit=1)
    if not rest or "@" not in rest[1]:
        return address
    slashes, place = rest
    secret, _, host = place.rpartition("@")
    user, colon, _ = secret.partition(":")
    is_web = scheme.lower() in _WEB
    if not (_has_user_info(place) if is_web else colon):  # the web takes a lone name for a token; others ask for more
        return address
    return f"{scheme}{slashes}{user + colon if colon else ''}***@{host}"


def _has_user_info(place: str) -> bool:
    """Whether what stands behind https:// begins with user:password@, or a token and @."""
    try:
        parts = urlsplit(f"//{place}")
        _ = parts.port
    except ValueError:  # no number where the port would be: a password with a / or ? in it
        return True
    return "@" in parts.netloc


def _without_query_secrets(address: str) -> str:
    """`?sslpassword=x&a=1` → `?sslpassword=***&a=1`, also where the name is written with %."""
    place, mark, query = address.partition("?")
    pairs = [pair.partition("=") for pair in query.split("&")]
    hidden = [
        name + sign + ("***" if sign and _IN_QUERY.fullmatch(unquote(name)) else value) for name, sign, value in pairs
    ]
    return place + mark + "&".join(hidden)
