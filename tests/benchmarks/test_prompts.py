"""What a model is prompted with holds no value of the corpus that it is measured on."""

import re
from pathlib import Path

import pytest

from redactor.config import load_policy, policy_names

DATA = Path(__file__).parents[2] / "benchmarks" / "corpus" / "data"


@pytest.mark.parametrize("policy", policy_names())
def test_no_name_of_a_prompt_is_in_the_corpus(policy):
    prompts = [text for texts in load_policy(policy).language.prompts.values() for text in texts]
    names = {word for text in prompts for word in re.findall(r"[^\W\d_]{3,}", text) if word[0].isupper()}
    corpus = set(re.findall(r"[^\W\d_]{3,}", "".join(f.read_text("utf-8") for f in DATA.glob("*.toml"))))
    said_anyway = {"This", "Tell", "Ask", "Mrs", "Road", "There"}
    assert not names & corpus - said_anyway
