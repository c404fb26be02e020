"""The standard streams: that there are three, and that what was printed is written before the end."""

from __future__ import annotations

import contextlib
import os
import sys


def open_closed() -> None:
    """Open those that were closed by whoever started us (``2>&-``) to nowhere.

    Their numbers would go to the next files that are opened, a store among them, and what libraries print would
    be written there.
    """
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free: this one
            os.set_inheritable(nowhere, nowhere == number)
            setattr(sys, name, open(nowhere, mode, encoding="utf-8"))  # noqa: SIM115


def flush() -> None:
    """Have what was printed written now: at the end of the process nobody would tell why it cannot be."""
    sys.stdout.flush()


def drop_output() -> None:
    """Nothing more of what was printed is written: the interpreter would try at its end, and exit with 120."""
    with contextlib.suppress(OSError, ValueError), open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
