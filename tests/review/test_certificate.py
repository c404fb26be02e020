"""A certificate gives a number that holds, or says "not shown" and why; its page is plain and stands alone."""

import hashlib
import json
import sys
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from redactor.errors import UsageError
from redactor.review.bounds import adjusted_bound, upper_bound
from redactor.review.certificate import NOT_COVERED, assess, to_html, to_json
from redactor.review.facts import Facts, Provenance, Stratum

HEAD = {
    "count": 412,
    "hash": "ab" * 32,
    "time": "2026-03-01T10:00:00.000Z",
    "key": "cd" * 16,
    "signature": "ef" * 64,
}
FACTS = Facts(
    lot_digest="1a" * 32,
    frozen_at="2026-03-01T09:59:00Z",
    made_at="2026-03-08T12:00:00Z",
    audit_head=HEAD,
    seed="2b" * 32,
    unit="recording",
    slot_s=30.0,
    num_recordings=5000,
    hours=416.7,
    slots_per_recording=((8, 3000), (12, 1900), (240, 100)),
    strata=(Stratum("all", 5000, 299, 0, 0, 0),),
    confidence=0.95,
    max_leak_rate=0.01,
    allowed=0,
    policies=(Provenance("standard", "3c" * 32, 5000),),
    models=(Provenance("base", "4d" * 32, 5000, role="recognizer"), Provenance("tiny.en", "5e" * 32, 5000)),
    verdicts={"clean": 290, "too-much": 9},
    leaks_by_type={},
    num_leaks_removed=0,
    num_planted=0,
    num_noticed=0,
    double_reviews=(),
    targeted={"clean": 20, "leak": 3},
    earlier_draws={},
    num_reviewers=3,
)


def seen(clean=299, leak=0, cannot_tell=0, open=0, **more):
    """The facts with these verdicts on the sample."""
    verdicts = {"clean": clean, "leak": leak, "cannot-tell": cannot_tell, "open": open}
    stratum = Stratum("all", 5000, sum(verdicts.values()), leak, cannot_tell, open)
    return replace(FACTS, verdicts=verdicts, strata=(stratum,), **more)


class Page(HTMLParser):
    """What a browser would make of it: elements in order, text by element, what is open."""

    VOID = {"meta", "br", "link", "img"}

    def __init__(self, html):
        super().__init__()
        self.elements, self.open, self.text = [], [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"{tag} is closed out of turn"

    def handle_data(self, data):
        if "style" not in self.open:
            self.text.append((self.open[-1] if self.open else "", " ".join(data.split())))

    def said(self):
        return " ".join(" ".join(text for _, text in self.text).split())

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def page(facts):
    return Page(to_html(assess(facts)))


def test_a_clean_sample_of_299_shows_one_percent():
    document = assess(FACTS)
    bound = upper_bound(5000, 299, 0, confidence=0.95)
    assert bound == 48
    assert document["claim"]["shown"] is True
    assert document["claim"]["reasons"] == []
    assert document["claim"]["statement"].startswith(
        "With 95 % confidence, at most 0.96 % (48 of 5,000) of the released recordings of this lot leak"
    )
    assert document["bounds"]["recordings"] == {
        "most_leaking": 48,
        "of": 5000,
        "most_rate": 0.0096,
        "basis": "drawn",
        "explanation": "From the sample.",
    }


def test_a_bound_on_recordings_is_turned_into_one_on_slots_by_the_longest_recordings():
    slots = assess(FACTS)["bounds"]["slots"]
    assert (slots["most_leaking"], slots["of"]) == (48 * 240, 3000 * 8 + 1900 * 12 + 100 * 240)
    assert slots["basis"] == "converted"
    assert slots["explanation"].startswith("Conservative conversion")


def test_where_slots_were_drawn_the_bound_on_recordings_is_the_conversion():
    stratum = Stratum("all", FACTS.num_slots, 299, 0, 0, 0)
    document = assess(replace(FACTS, unit="slot", strata=(stratum,)))
    bound = upper_bound(FACTS.num_slots, 299, 0, confidence=0.95)
    assert {name: most["most_leaking"] for name, most in document["bounds"].items()} == {
        "slots": bound,
        "recordings": bound,
    }
    assert document["bounds"]["slots"]["basis"] == "drawn"
    assert document["bounds"]["recordings"]["basis"] == "converted"
    assert (
        f"({bound:,} of 70,800) of the 30-second slots of the released time of this lot"
        in document["claim"]["statement"]
    )
    stratum = Stratum("all", FACTS.num_slots, 30, 0, 0, 0)
    few = assess(replace(FACTS, unit="slot", strata=(stratum,), verdicts={"clean": 30}))
    assert few["bounds"]["recordings"]["most_leaking"] == 5000 < few["bounds"]["slots"]["most_leaking"]


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (seen(clean=59), "the sample of 59 of 5,000 recordings is too small for the claim"),
        (seen(clean=0), "the sample of 0 of 5,000 recordings is too small for the claim"),
        (seen(clean=298, leak=1), "1 of 299 drawn recordings count as leaking, too many for the"),
        (seen(clean=298, cannot_tell=1), "1 of 299 drawn recordings count as leaking"),
        (seen(clean=298, open=1), "1 drawn clip has no verdict"),
        (seen(clean=2900, open=2), "2 drawn clips have no verdict"),
        (seen(clean=298, open=1, num_waiting=1), "Not shown: 1 drawn clip waits for a second reviewer"),
        (seen(clean=2900, open=2, num_waiting=2), "Not shown: 2 drawn clips wait for a second reviewer"),
        (seen(clean=290, open=9, num_waiting=8), "1 drawn clip has no verdict; 8 drawn clips wait for"),
        (seen(num_planted=60, num_noticed=50), "too small for reviewers who were seen to notice 50 of 60"),
        (seen(num_planted=60, num_noticed=0), "too small for reviewers who were seen to notice 0 of 60"),
    ],
)
def test_what_is_not_shown_says_why_and_gives_no_number_to_quote(facts, reason):
    claim = assess(facts)["claim"]
    assert claim["shown"] is False
    assert claim["statement"].startswith("Not shown: ")
    assert reason in claim["statement"]
    assert any(reason.removeprefix("Not shown: ") in one for one in [*claim["reasons"], claim["statement"]])
    assert "%" not in claim["statement"]
    assert "at most" not in claim["statement"]
    shown = page(facts)
    assert ("p", {"class": "claim not-shown"}) in shown.elements
    assert "This review does not show it" in shown.said()


def test_an_empty_lot_shows_nothing():
    facts = replace(
        FACTS,
        num_recordings=0,
        slots_per_recording=(),
        strata=(),
        verdicts={},
        hours=0.0,
    )
    assert assess(facts)["claim"]["statement"] == "Not shown: the lot is empty."
    assert "Not shown: the lot is empty." in page(facts).said()


def test_an_open_item_is_not_shown_even_where_the_bound_would_do():
    document = assess(seen(clean=2900, open=2))
    assert document["bounds"]["recordings"]["most_rate"] < 0.01
    assert document["claim"]["reasons"] == ["2 drawn clips have no verdict"]


@pytest.mark.parametrize("kind", ["leak", "cannot_tell", "open"])
def test_what_is_not_known_to_be_clean_counts_as_a_leak(kind):
    document = assess(seen(clean=997, **{kind: 3}))
    assert document["bounds"]["recordings"]["most_leaking"] == upper_bound(5000, 1000, 3, confidence=0.95)
    assert document["bounds"]["recordings"]["most_leaking"] > upper_bound(5000, 1000, 0, confidence=0.95)


def test_too_much_muted_is_no_leak_and_is_said():
    facts = replace(FACTS, verdicts={"clean": 200, "too-much": 99})
    document = assess(facts)
    assert document["claim"]["shown"]
    assert document["over_muting"] == {"clips": 99, "judged": 299, "share": 99 / 299}
    assert "Too much muted: 99 of 299 clips with a verdict (33.12 %)" in page(facts).said()


def test_the_wish_is_kept_to_the_unit():
    assert assess(replace(FACTS, max_leak_rate=0.0096))["claim"]["shown"]  # 48 of 5,000
    assert not assess(replace(FACTS, max_leak_rate=0.0095))["claim"]["shown"]


def test_leaks_within_what_the_bound_allows_are_shown_with_a_note():
    document = assess(seen(clean=1997, leak=3, leaks_by_type={"PERSON": 4}))
    assert document["claim"]["shown"]
    [note] = [note for note in document["claim"]["notes"] if "planned for at most 0 leaking" in note]
    assert "3 count as leaking" in note


def test_a_leak_since_removed_counts_all_the_same_and_asks_for_a_fresh_draw():
    kept, removed = (assess(seen(clean=297, leak=2, num_leaks_removed=number)) for number in (0, 2))
    assert removed["bounds"] == kept["bounds"]
    assert removed["leaks"]["removed_since"] == 2
    [note] = [note for note in removed["claim"]["notes"] if "since removed" in note]
    assert "fresh draw" in note
    assert not any("fresh draw" in note for note in kept["claim"]["notes"])


def test_the_targeted_sample_is_told_and_never_counted():
    without, document = assess(replace(FACTS, targeted={})), assess(FACTS)
    assert document["targeted"]["leak"] == 3
    assert {**document, "targeted": None} == {**without, "targeted": None}


def test_planted_leaks_that_were_missed_make_the_bound_larger():
    facts = seen(clean=500, num_planted=60, num_noticed=60)
    bounds = [
        assess(replace(facts, num_noticed=noticed))["bounds"]["recordings"]["most_leaking"]
        for noticed in (60, 58, 50, 30, 0)
    ]
    assert bounds == sorted(bounds)
    assert len({*bounds}) == 5
    assert bounds[-1] == 5000
    adjusted = adjusted_bound([(5000, 500, 0)], confidence=0.95, num_planted=60, num_noticed=60)
    assert bounds[0] == adjusted.num_leaking
    assert bounds[0] > assess(seen(clean=500))["bounds"]["recordings"]["most_leaking"]


def test_with_planted_leaks_the_statement_rests_on_how_many_were_noticed():
    facts = seen(clean=500, num_planted=60, num_noticed=59)
    document = assess(facts)
    assert document["claim"]["shown"]
    assert document["claim"]["statement"].endswith("they noticed 59 of 60 planted ones.")
    assert document["sensitivity"]["confidence"] == document["sensitivity"]["bound_confidence"] == 0.975
    assert 0.9 < document["sensitivity"]["least"] < 59 / 60
    said = page(facts).said()
    assert "at least 91.0 % of all leaks, with 97.5 % confidence" in said
    assert "not measured: no leaks" not in said


def test_with_nothing_planted_it_says_that_reviewers_are_assumed_to_hear_everything():
    document = assess(FACTS)
    assert document["sensitivity"]["least"] is None
    assert "was not measured; this assumes that they notice every one" in document["claim"]["statement"]
    assert "Sensitivity was not measured" in page(FACTS).said()


def strata(*rows):
    return tuple(Stratum(*row) for row in rows)


def test_strata_are_bounded_together_and_each_alone():
    parts = strata(("left", 3000, 180, 0, 0, 0), ("right", 2000, 120, 0, 0, 0))
    document = assess(replace(FACTS, strata=parts, verdicts={"clean": 300}))
    together = adjusted_bound(
        [(3000, 180, 0), (2000, 120, 0)], confidence=0.95, num_planted=0, num_noticed=0
    ).num_leaking
    assert document["bounds"]["recordings"]["most_leaking"] == together
    alone = [stratum["most_leaking"] for stratum in document["draw"]["strata"]]
    assert alone == [upper_bound(3000, 180, 0, confidence=0.95), upper_bound(2000, 120, 0, confidence=0.95)]
    assert document["claim"]["shown"]


def test_a_claim_for_each_stratum_falls_with_any_of_them():
    parts = strata(("left", 4900, 295, 0, 0, 0, True), ("right", 100, 6, 0, 0, 0, True))
    facts = replace(FACTS, strata=parts, verdicts={"clean": 301})
    assert assess(facts)["claim"]["reasons"] == [
        "in stratum right, the sample of 6 of 100 recordings is too small for the claim"
    ]
    together = tuple(replace(part, is_bound_alone=False) for part in parts)
    assert assess(replace(facts, strata=together))["claim"]["shown"]


def test_agreement_of_those_who_heard_the_same_clip():
    pairs = (("clean", "clean"),) * 20 + (("leak", "leak"),) * 15 + (("clean", "leak"),) * 5
    facts = replace(FACTS, double_reviews=pairs + (("leak", "clean"),) * 10)
    assert assess(facts)["agreement"] == {
        "reviewers": 3,
        "pairs": 50,
        "share": 0.7,
        "kappa": pytest.approx(0.4),
    }
    assert "They agree on 70.0 %, Cohen's kappa 0.40." in page(facts).said()
    assert "agreement was not measured" in page(FACTS).said()
    same = replace(FACTS, double_reviews=(("clean", "clean"),) * 9)
    assert "kappa is not defined" in page(same).said()


def test_earlier_draws_are_told_with_their_outcome():
    facts = replace(FACTS, earlier_draws={"not-shown": 2, "shown": 1})
    assert any("Earlier draws from this folder: 3" in note for note in assess(facts)["claim"]["notes"])
    assert "2 not-shown, 1 shown." in page(facts).said()
    assert "Earlier draws from this folder: none." in page(FACTS).said()


def test_the_document_is_json_and_the_same_for_the_same_facts():
    first, second = to_json(assess(FACTS)), to_json(assess(replace(FACTS)))
    assert first == second
    document = json.loads(first)
    assert document == assess(FACTS)
    assert first == json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    assert document["schema"] == 1
    assert document["lot"]["audit_head"] == HEAD
    assert document["not_covered"] == list(NOT_COVERED)


def test_the_page_names_the_digest_of_the_document_and_what_else_a_reader_checks():
    said = page(FACTS).said()
    assert hashlib.sha256(to_json(assess(FACTS))).hexdigest() in said
    for value in (FACTS.lot_digest, FACTS.seed, *map(str, HEAD.values()), "3c" * 32, "4d" * 32, "5e" * 32):
        assert value in said
    assert "no signed record" in page(replace(FACTS, audit_head=None)).said()


def test_the_sentence_comes_first():
    shown = page(FACTS)
    assert [tag for tag, _ in shown.elements if tag in ("h1", "p", "table")][:2] == ["h1", "p"]
    text = [text for tag, text in shown.text if text and tag not in ("title",)]
    assert text[:2] == ["Review certificate", assess(FACTS)["claim"]["statement"]]


def test_the_page_is_read_by_a_screen_reader_and_needs_nothing_from_outside():
    shown = page(replace(seen(clean=298, leak=1), leaks_by_type={"PERSON": 1}))
    assert shown.open == []
    assert shown.all("html") == [{"lang": "en"}]
    assert len(shown.all("h1")) == len(shown.all("main")) == len(shown.all("title")) == 1
    levels = [int(tag[1]) for tag, _ in shown.elements if tag in ("h1", "h2", "h3", "h4")]
    assert levels == [1] + [2] * (len(levels) - 1)
    assert len(shown.all("caption")) == len(shown.all("table")) >= 4
    assert all(cell.get("scope") in ("row", "col") for cell in shown.all("th"))
    ids = [attributes["id"] for _, attributes in shown.elements if "id" in attributes]
    assert len({*ids}) == len(ids)
    assert all(a["aria-labelledby"] in ids for _, a in shown.elements if "aria-labelledby" in a)
    assert not {"script", "link", "img", "iframe", "form"} & {tag for tag, _ in shown.elements}
    assert not any(
        name in ("src", "href", "style") or name.startswith("on") for _, a in shown.elements for name in a
    )
    assert "url(" not in to_html(assess(FACTS))
    assert "@import" not in to_html(assess(FACTS))
    for limit in NOT_COVERED:
        assert limit in shown.said()


def test_nothing_in_the_facts_becomes_markup():
    nasty = "<script>alert('x')</script>\"&amp;"
    facts = replace(
        FACTS,
        frozen_at=nasty,
        seed=nasty,
        strata=(replace(FACTS.strata[0], name=nasty),),
        policies=(Provenance(nasty, nasty, 1, role=nasty),),
        earlier_draws={nasty: 1},
        audit_head={**HEAD, "key": nasty},
    )
    shown = page(facts)
    assert not shown.all("script")
    assert shown.open == []
    assert shown.said().count(nasty) == 8


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"unit": "minute"}, "unit"),
        ({"num_recordings": 4999}, "recordings"),
        ({"strata": (Stratum("all", 4999, 299, 0, 0, 0),)}, "units"),
        ({"verdicts": {"clean": 298}}, "drawn"),
        ({"verdicts": {"clean": 298, "leak": 1}}, "leaking"),
        ({"verdicts": {"clean": 298, "cannot-tell": 1}}, "cannot tell"),
        ({"verdicts": {"clean": 298, "open": 1}}, "open"),
        ({"verdicts": {"clean": 298, "perhaps": 1}}, "kinds of verdict"),
        ({"num_leaks_removed": 1}, "removed"),
        ({"leaks_by_type": {"John Smith": 1}}, "types"),
        ({"double_reviews": (("clean", "John Smith"),)}, "pairs"),
    ],
)
def test_facts_that_do_not_agree_are_refused_and_not_quoted(change, what):
    with pytest.raises(ValueError, match=f"do not agree: .*{what}") as caught:
        replace(FACTS, **change)
    assert "Smith" not in str(caught.value)


@pytest.mark.parametrize(
    ("recordings", "drawn", "share"),
    [(5000, 299, "0.96 %"), (300, 207, "0.67 %"), (10_000_000, 99_000, "0.0031 %"), (700, 700, "0.00 %")],
)
def test_shares_are_rounded_up_and_never_to_zero(recordings, drawn, share):
    stratum = Stratum("all", recordings, drawn, 0, 0, 0)
    facts = replace(
        FACTS,
        num_recordings=recordings,
        slots_per_recording=((8, recordings),),
        strata=(stratum,),
        verdicts={"clean": drawn},
        max_leak_rate=0.02,
    )
    assert f"at most {share} (" in assess(facts)["claim"]["statement"]


def test_without_jinja2_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(UsageError, match="a certificate needs Jinja2: pip install \"jinja2"):
        to_html(assess(FACTS))
