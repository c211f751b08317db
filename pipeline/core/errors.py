"""The one exception for a user's mistake, and how many mistakes are told."""

from collections.abc import Sequence

NAMED = 20  # of many problems of one kind, how many are named


class UserError(Exception):
    """Something that the user can mend. The message is one line or more: what is wrong, where, what is allowed."""


def first(lines: Sequence[str]) -> list[str]:
    """The lines where they are few; else the first of them, and one that counts the rest."""
    rest = len(lines) - NAMED
    return [*lines[:NAMED], f"… and {rest:,} more"] if rest > 0 else list(lines)


class Away(UserError):
    """A server has answered, and no longer does; it may do so later."""
