"""The one exception for a user's mistake."""


class UserError(Exception):
    """Something that the user can mend. The message is one line or more: what is wrong, where, what is allowed."""
