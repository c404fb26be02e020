"""The two layers taken off again, as a stream.

What comes out is authentic piece by piece; that it is whole shows at its end alone, so nothing of it may be
used before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from redactor.errors import RedactorError, StoreError, UsageError
from redactor.export.package.pipes import Stage, Tap, pipe
from redactor.export.package.seal import recipient_of


@contextmanager
def unsealed(file: Path, *, outer: str, inner: str) -> Iterator[BinaryIO]:
    """What is in a sealed package.

    Whoever reads must come to the end before the block is left, which fails if a layer was altered or cut
    short, or opens with another identity.

    Parameters
    ----------
    file : pathlib.Path
    outer, inner : str
        Identities.

    Raises
    ------
    UsageError
        For all of that.
    StoreError
        If the file cannot be read.
    """
    recipient_of(outer), recipient_of(inner)
    try:
        source = file.open("rb")
    except OSError as error:
        raise UsageError(f"{str(file)!r} cannot be read: {error.strerror}; name a sealed package") from None
    read_middle, write_middle = pipe()
    read_plain, write_plain = pipe()
    first = Stage(_opening(outer), source, write_middle, owns_sink=True)
    second = Stage(_opening(inner), read_middle, write_plain, owns_sink=True)
    failure: BaseException | None = None
    try:
        yield read_plain
    except BaseException as error:
        failure = error
    second.finish(read_plain)
    first.finish()
    if failure is not None and not isinstance(failure, (RedactorError, OSError)):
        raise failure
    # The first thing that went wrong is the reason of what went wrong behind it; a pipe only tells of it.
    for stage, layer in ((first, "outer"), (second, "inner")):
        if stage.error is not None and not isinstance(stage.error, BrokenPipeError):
            raise _reason(stage, layer, file)
    if failure is not None:
        raise failure
    for stage, layer in ((first, "outer"), (second, "inner")):
        if stage.error is not None:  # something follows that nobody read
            raise _reason(stage, layer, file)


def _opening(identity: str) -> Callable[[Tap, Tap], object]:
    import pyrage

    key = pyrage.x25519.Identity.from_str(identity)
    return lambda source, sink: pyrage.decrypt_io(source, sink, [key])


def _reason(stage: Stage, layer: str, file: Path) -> RedactorError:
    import pyrage

    if stage.at_stream and isinstance(stage.error, OSError):
        return StoreError(f"{str(file)!r} cannot be read: {stage.error.strerror or 'broken'}")
    if isinstance(stage.error, pyrage.DecryptError):
        return UsageError(
            f"the {layer} identity does not open {str(file)!r}: it was sealed to another one, or is damaged; "
            "nothing was unpacked"
        )
    return UsageError(f"{str(file)!r} was altered or cut short ({layer} layer); ask the sender for it anew")
