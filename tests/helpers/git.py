"""git in the current folder, for tests that need a history."""

import subprocess


def git(*arguments: str) -> str:
    """Runs git, as a test author; returns what it prints."""
    identity = ("-c", "user.name=test", "-c", "user.email=test@example.org")
    return subprocess.run(["git", *identity, *arguments], check=True, capture_output=True, text=True).stdout.strip()


def commit_all() -> str:
    """Commits everything in the current folder; returns the id of the commit."""
    git("add", "-A")
    git("commit", "-qm", "all")
    return git("rev-parse", "HEAD")
