"""In which language speech is, decided on windows of the speech itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from redactor.errors import LanguageError
from redactor.policy import AUTO_LANGUAGE, LanguagePolicy
from redactor.transcribe.windows import Window
from redactor.types import Seconds

# Decided anew for every so much speech. On 3 s, real German was taken for French, on 10 s none of 40 clips was
# mistaken: so that much is asked for, and what is left at the end is judged together with what came before it.
GROUP_S = 30.0
_EVIDENCE_S = 10.0

# language -> probability for one of the windows, by its place
Identify = Callable[[int], Mapping[str, float]]


@dataclass(frozen=True)
class _Evidence:
    """Probability of each language, weighted by seconds of speech."""

    seconds: Seconds = 0.0
    weighted: Mapping[str, float] = field(default_factory=dict)

    def and_also(self, seconds: Seconds, probabilities: Mapping[str, float]) -> _Evidence:
        codes = self.weighted.keys() | probabilities.keys()
        weighted = {c: self.weighted.get(c, 0.0) + seconds * probabilities.get(c, 0.0) for c in codes}
        return _Evidence(self.seconds + seconds, weighted)

    def mean(self, code: str) -> float:
        return self.weighted.get(code, 0.0) / self.seconds


class LanguageTeller:
    """Decides for the windows of one channel, a group after the other.

    Parameters
    ----------
    policy : LanguagePolicy
    """

    def __init__(self, policy: LanguagePolicy) -> None:
        self._policy = policy
        self._before = _Evidence()

    def decide(self, windows: Sequence[Window], identify: Identify | None) -> str:
        """Language of a group of windows.

        Parameters
        ----------
        windows : sequence of Window
            At least one.
        identify : callable or None
            Language probabilities of a window; None where no model can tell.

        Raises
        ------
        LanguageError
            If it is not a language that the policy has a detector for.
        """
        if self._policy.spoken != AUTO_LANGUAGE:
            return self._policy.spoken
        if identify is None:
            raise LanguageError("no model at hand can tell languages apart; set language.spoken in the policy")
        evidence = _Evidence()
        for number in sorted(range(len(windows)), key=lambda n: -windows[n].duration):
            if evidence.seconds < _EVIDENCE_S:
                evidence = evidence.and_also(windows[number].duration, identify(number))
        if evidence.seconds < _EVIDENCE_S and self._before.seconds:
            before = {code: self._before.mean(code) for code in self._before.weighted}
            evidence = evidence.and_also(self._before.seconds, before)
        self._before = evidence
        return self._best(evidence, at=windows[0].start)

    def _best(self, evidence: _Evidence, *, at: Seconds) -> str:
        known = {code: evidence.mean(code) for code in self._policy.detectors}
        if not sum(known.values()) >= self._policy.min_probability:  # also true for NaN
            raise LanguageError(
                f"speech from {at:.1f} s on is not in a language that the policy can search "
                f"({', '.join(known)}); add a detector for it, or leave the recording out"
            )
        return max(known, key=lambda code: known[code])
