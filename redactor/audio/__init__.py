"""Recordings in and out: :mod:`.recording`, :mod:`.encode`, and :mod:`.resample` for what models listen to.

`decode` gives a recording whole, in memory. Everything else here serves those: `containers` sniffs a file and
finds out, without a decoder, what it promises (`chunks`, `streams`, `boxes` by family), `passes` decodes it
once and holds it to that, `sndfile` and `avfile` are the adapters to libsndfile and PyAV, `formats` knows
which formats can be written back, and `problems` holds every reason for a refusal.
"""
