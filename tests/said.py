"""What is said in the recordings of tests that score: a name, a number, and words between them."""

from redactor.bench.gold import GoldWord

WORDS = (
    GoldWord("call", 0.2, 0.5),
    GoldWord("anna", 0.5, 0.9, "PERSON", 0, 1),
    GoldWord("dot", 0.9, 1.0, "-", 0, 1),
    GoldWord("schmidt", 1.0, 1.5, "PERSON", 0, 1),
    GoldWord("on", 1.6, 1.8),
    GoldWord("four", 1.9, 2.3, "PHONE_NUMBER", 0, 2),
    GoldWord("two", 2.3, 2.6, "PHONE_NUMBER", 0, 2),
)
