"""The check of one finished recording, as a stranger would do it: from the files on the disk."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

from redactor.audio.recording import Recording, open_recording
from redactor.errors import RecordingError
from redactor.invariants import check_found, check_transcript
from redactor.keep import Keep
from redactor.policy import Policy
from redactor.types import PiiSpan, Transcript
from redactor.verify.claim import Checked, Claim, Fault, Missed
from redactor.verify.hearing import Agreement, audible, compare, muted_time, search
from redactor.verify.sound import check_sound
from redactor.verify.texts import check_texts

# A draw among so many tickets.
_TICKETS = 1 << 64


class Listener(Protocol):
    """Hears words by another route; :meth:`redactor.transcribe.Recognizer.listen_again` is the real one."""

    def listen_again(
        self, recording: Recording, policy: Policy, *, languages: Sequence[str], known: dict[Any, Any]
    ) -> Transcript: ...


class Detector(Protocol):
    """Finds personal data; see :class:`redactor.detect.Detector`."""

    def detect(self, transcript: Transcript) -> tuple[PiiSpan, ...]: ...


class Verifier:
    """Checks finished recordings before they are released.

    Parameters
    ----------
    listener : Listener
    detector : Detector
        Finds at least what the policy wants muted.
    policy : Policy
    keep : Keep, optional
        What it does not object to, where a claim says that it was kept.
    """

    def __init__(
        self, listener: Listener, detector: Detector, policy: Policy, *, keep: Keep | None = None
    ) -> None:
        self._listener = listener
        self._detector = detector
        self._policy = policy
        self._keep = keep

    def check(
        self, claim: Claim, *, known: dict[Any, Any], first: bool = True, listen: bool | None = None
    ) -> Checked:
        """Everything that is wrong with the files of a recording.

        Parameters
        ----------
        claim : Claim
        known : dict
            Empty in the first round; handed in again in the next ones, so that what did not change is not heard
            again.
        first : bool
            Whether this is the first round. Only in that one, words that are merely suspicious count: in every
            gap that is new, something is.
        listen : bool, optional
            Whether to transcribe again; by the policy's draw otherwise.

        Returns
        -------
        Checked
            With faults alone where there are any: what is to be held back need not be heard.

        Raises
        ------
        RecordingError
            If the check could not be made.
        """
        faults = self.check_files(claim)
        if faults:
            return Checked(faults=faults)
        left = audible(claim.transcript, claim.spans)
        # What the first pass heard, it also searched with all the suspicion that the policy asks for.
        missed = self._search(claim, left, "text", suspicious=False)
        if not (self.is_drawn(claim.name) if listen is None else listen):
            return Checked(missed=missed)
        return self._listen(claim, left, missed, known, suspicious=first)

    def check_files(self, claim: Claim) -> tuple[Fault, ...]:
        """What is wrong with sound and texts, without listening."""
        mute = self._policy.mute
        faults = check_sound(
            claim.original,
            claim.audio,
            claim.spans,
            fill=mute.fill,
            fade_ms=mute.fade_ms,
            tone_hz=mute.tone_hz,
            tone_dbfs=mute.tone_dbfs,
        )
        return (*faults, *check_texts(claim))

    def is_drawn(self, name: str) -> bool:
        """Whether a recording is in the sample that is transcribed again, whatever else is in the run."""
        verify = self._policy.verify
        ticket = hashlib.sha256(f"{verify.seed}\0{name}".encode()).digest()
        return int.from_bytes(ticket[:8], "big") < verify.share * _TICKETS

    def _search(
        self, claim: Claim, left: Transcript, source: str, *, suspicious: bool
    ) -> tuple[Missed, ...]:
        least = self._policy.entities
        found = tuple(
            pii
            for pii in search(self._detect, left)
            if suspicious or pii.score >= least.get(pii.entity_type, math.inf)
        )
        if keeper := self._keep.on(claim.name, claim.original.num_channels) if self._keep else None:
            found = keeper.objections(left, found, claim.kept)
        return (Missed(source, left, found),) if found else ()

    def _detect(self, left: Transcript) -> tuple[PiiSpan, ...]:
        found = self._detector.detect(left)
        check_found(found, left)
        return found

    def _listen(
        self,
        claim: Claim,
        left: Transcript,
        missed: tuple[Missed, ...],
        known: dict[Any, Any],
        *,
        suspicious: bool,
    ) -> Checked:
        if _is_all_muted(claim):
            return Checked(missed=missed, listened=True)
        languages = sorted({segment.language for segment in claim.transcript.segments})
        try:
            with open_recording(claim.audio) as released:
                heard = self._listener.listen_again(released, self._policy, languages=languages, known=known)
                check_transcript(heard, released)
        except RecordingError as error:
            return Checked(faults=(Fault("not-heard", detail=error.reason),), listened=True)
        again = audible(replace(heard, speech=()), claim.spans)
        agreement = compare(left, again)
        return Checked(
            faults=_unfit(agreement),
            missed=(*missed, *self._search(claim, again, "hearing", suspicious=suspicious)),
            unknown=agreement.apart,
            listened=True,
            agreement=agreement.share,
        )


def _is_all_muted(claim: Claim) -> bool:
    """Whether there is nothing left that could be heard, to within the last sample."""
    original = claim.original
    last = original.duration - 1 / original.sample_rate
    return all(muted_time(claim.spans, c).share(0.0, last) >= 1.0 for c in range(original.num_channels))


def _unfit(agreement: Agreement) -> tuple[Fault, ...]:
    counts = f"{agreement.first_words} and {agreement.second_words} words, {agreement.agreed} agree"
    if agreement.nothing_heard:
        return (Fault("not-heard", detail=counts),)
    return () if agreement.fits else (Fault("does-not-fit", detail=counts),)
