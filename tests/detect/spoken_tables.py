"""What tables of spoken forms need: the findings of a recognizer that every policy mutes, as text."""

from redactor.detect.recognizers.spoken import tokenize

MUTED_FROM = 0.5


def muted(recognizer, text, entity=None):
    """Muted stretches of `text`, overlapping ones as one, in order."""
    spans = sorted(
        (found.start, found.end)
        for found in recognizer.find(tokenize(text), text)
        if found.score >= MUTED_FROM and entity in (None, found.entity_type)
    )
    merged = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return [text[start:end] for start, end in merged]
