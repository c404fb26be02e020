"""Recordings in and out: :mod:`.decode`, :mod:`.encode`, and :mod:`.resample` for what models listen to.

Everything else here serves those three: `containers` sniffs a file and finds out, without a decoder, what it
promises (`chunks`, `streams`, `boxes` by family), `sndfile` and `avfile` are the adapters to libsndfile and
PyAV, `formats` knows which formats can be written back, and `problems` holds every reason for a refusal.
"""
