"""The one exception for a user's mistake, and what keeps passwords out of messages."""

import re


class UserError(Exception):
    """Something that the user can mend. The message is one line or more: what is wrong, where, what is allowed."""


def mask_passwords(text: str) -> str:
    """The text with *** for the password, or token, before the @ of an address: libraries repeat these in messages."""
    return re.sub(r"(:/+(?:[^/@\s:]+:)?)[^/\s]+@", r"\1***@", text)
