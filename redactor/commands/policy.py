"""``redactor policy show``: the whole policy that would be in force."""

from __future__ import annotations

from redactor.config import load_policy
from redactor.config_text import to_toml


def policy_show(name: str) -> int:
    """Print a policy as TOML, defaults included, so that it can be saved and edited; return the exit code.

    Raises
    ------
    PolicyError
        If there is no such policy or it cannot be used.
    """
    policy = load_policy(name)
    print(f"# digest of what is in force: sha256 {policy.digest}")
    print(to_toml(policy), end="")
    return 0
