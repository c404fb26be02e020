"""Recordings with exact truth: what is said, where every word lies, and which words are personal data.

`python -m benchmarks.corpus --out DIR --half dev|test` writes them. The flow: values and templates (data/) ->
script (who says what) -> voices (words with times) -> render (channels, rooms, lines) -> audio and gold.jsonl.
"""
