"""How what an extra needs is installed: by the names of its packages, never by the name of this one.

Whoever has this from a checkout or a wheel does not have it from the public package index, where the name may
be, and for ``redactor`` is, somebody else's.
"""

from __future__ import annotations

import importlib.metadata
import re

DISTRIBUTION = "redactor"


def install_command(extra: str) -> str:
    """A shell command that installs the packages of an extra, in the versions that it asks for.

    Parameters
    ----------
    extra : str
        As in pyproject.toml: "review" or "export".
    """
    packages = " ".join(f'"{package}"' for package in _packages(extra))
    if not packages:  # run from a folder that nobody installed
        return f'pip install -c constraints.txt -e ".[{extra}]" in the checkout'
    return f"pip install {packages}"


def _packages(extra: str) -> list[str]:
    try:
        required = importlib.metadata.requires(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        return []
    parted = (requirement.partition(";") for requirement in required)
    wanted = re.compile(rf"""\bextra\s*==\s*["']{re.escape(extra)}["']""")
    return [package.strip() for package, _, marker in parted if wanted.search(marker)]
