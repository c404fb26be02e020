"""Two people, for exactly this, for now: whatever else is handed over does not count."""

import json
import os
from dataclasses import asdict, fields, replace

import pytest
from export_people import ANN, BOB, DAY, EVE, HAL, HOUR, NOW, TERMS, approve, key
from hypothesis import given, settings
from hypothesis import strategies as st

from redactor.audit.lines import canonical
from redactor.errors import StoreError, UsageError
from redactor.export.approvals import (
    ApprovalError,
    check_approvals,
    from_json,
    read_approval,
    read_approvals,
    sign_approval,
    to_json,
    write_approval,
)
from redactor.export.enrolment import Enrolment, Role
from redactor.export.entries import Approval, Purpose
from redactor.export.instants import instant

AMY = key(9)


def enrolment(who, person, *, role=Role.APPROVER, start=NOW - DAY, end=NOW + 50 * DAY, revoked_at=None):
    raw, print_ = who.public.raw.hex(), who.public.fingerprint
    return Enrolment(1, person, role, raw, print_, instant(start), instant(end), revoked_at)


def people(*entries):
    return {entry.fingerprint: entry for entry in entries}


ENROLLED = people(
    enrolment(ANN, "ann-7"),
    enrolment(BOB, "bob-7"),
    enrolment(AMY, "amy-7"),
    enrolment(HAL, "hal-7", role=Role.HANDLER),
)


def check(*approvals, enrolled=ENROLLED, handler="hal-7", now=NOW + HOUR, **changed):
    return check_approvals(approvals, enrolled=enrolled, handler=handler, now=now, **{**TERMS, **changed})


def refused(reason, *approvals, **changed):
    with pytest.raises(ApprovalError) as caught:
        check(*approvals, **changed)
    assert caught.value.reason == reason
    return str(caught.value)


GOOD = approve(ANN), approve(BOB)


def test_two_approvers_who_are_not_the_handler_may_have_it_leave():
    assert [one.person for one in check(*GOOD)] == ["ann-7", "bob-7"]
    assert [one.person for one in check(*reversed(GOOD))] == ["bob-7", "ann-7"]
    assert check(*GOOD, now=NOW) and check(*GOOD, now=NOW + DAY - 1), "from the first moment to the last"


def test_what_is_signed_is_what_the_description_says():
    approval = approve(ANN)
    content = {**asdict(approval)}
    signature = bytes.fromhex(content.pop("signature"))
    assert content == {
        "approver": ANN.public.fingerprint,
        "request": TERMS["request"],
        "purpose": "subject-access",
        "subject": "a" * 64,
        "manifest": "b" * 64,
        "recipient": "c" * 64,
        "expires": instant(NOW + DAY),
        "made_at": instant(NOW),
    }
    assert ANN.public.has_signed(signature, b"redactor export approval v1\0" + canonical(content))
    assert not ANN.public.has_signed(signature, canonical(content))


@pytest.mark.parametrize("approvals", [(), GOOD[:1], (*GOOD, approve(AMY))], ids=["none", "one", "three"])
def test_neither_one_nor_three_are_two(approvals):
    refused("count", *approvals)


ELSEWHERE = {
    "request": "fedcba9876543210",
    "purpose": "research",
    "subject": "d" * 64,
    "manifest_sha256": "e" * 64,
    "recipient": "f" * 64,
}
SLUGS = {name: name.removesuffix("_sha256") for name in ELSEWHERE}


@pytest.mark.parametrize("name", ELSEWHERE)
def test_an_approval_of_anything_else_does_not_fit(name):
    changed = {name: ELSEWHERE[name]}
    refused(SLUGS[name], GOOD[0], approve(BOB, **changed))
    refused(SLUGS[name], approve(ANN, **changed), GOOD[1])
    refused(SLUGS[name], *GOOD, **changed)
    assert check(approve(ANN, **changed), approve(BOB, **changed), **changed)


@pytest.mark.parametrize("name", ELSEWHERE)
@pytest.mark.parametrize("value", [None, "", "X", 5, "A" * 64, "../../etc/passwd"])
def test_terms_that_are_missing_or_not_of_their_form_are_approved_by_nobody(name, value):
    refused("malformed", *GOOD, **{name: value})
    with pytest.raises(ApprovalError):
        approve(ANN, **{name: value})


@pytest.mark.parametrize(
    ("approval", "now", "reason"),
    [
        (approve(BOB, lasts=HOUR), NOW + HOUR, "expired"),
        (approve(BOB, lasts=HOUR), NOW + 2 * HOUR, "expired"),
        (approve(BOB, at=NOW + 1), NOW, "made-at"),
        (approve(BOB, at=NOW + 1), NOW + 0.9, "made-at"),
        (approve(BOB), float("nan"), "made-at"),
        (approve(BOB), float("inf"), "made-at"),
        (approve(BOB), float("-inf"), "made-at"),
    ],
)
def test_an_approval_that_is_over_or_of_a_time_to_come_does_not_count(approval, now, reason):
    refused(reason, approve(ANN, lasts=10 * DAY), approval, now=now)


def test_nobody_approves_for_more_than_thirty_days():
    longest = [approve(who, lasts=30 * DAY) for who in (ANN, BOB)]
    assert check(*longest) and check(*longest, now=NOW + 30 * DAY - 1)
    for lasts in (30 * DAY + 1, 0, -1, float("nan"), float("inf")):
        with pytest.raises(ApprovalError, match="too-long"):
            approve(ANN, lasts=lasts)
    forged = resigned(ANN, expires=instant(NOW + 31 * DAY))
    refused("too-long", forged, GOOD[1])
    refused("too-long", resigned(ANN, made_at=instant(NOW - 30 * DAY)), GOOD[1])


def resigned(who, **changed):
    """Signed by its owner, with values that this package would not sign."""
    approval = replace(approve(who), **changed)
    content = {**asdict(approval)}
    del content["signature"]
    signature = who.sign(b"redactor export approval v1\0" + canonical(content)).hex()
    return replace(approval, signature=signature)


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (None, "not-enrolled"),
        (enrolment(BOB, "bob-7", role=Role.HANDLER), "role"),
        (enrolment(BOB, "bob-7", end=NOW + HOUR), "not-valid"),
        (enrolment(BOB, "bob-7", start=NOW + HOUR + 1), "not-valid"),
        (enrolment(BOB, "bob-7", start=NOW + 1), "not-valid"),  # made before it was enrolled
        (enrolment(BOB, "bob-7", revoked_at=instant(NOW + 10 * DAY)), "revoked"),
        (enrolment(BOB, "ann-7"), "same-person"),
        (enrolment(BOB, "ann7"), "same-person"),
        (enrolment(BOB, "hal-7"), "handler"),
    ],
)
def test_an_approver_is_enrolled_as_one_now(entry, reason):
    others = {f: e for f, e in ENROLLED.items() if f != BOB.public.fingerprint}
    refused(reason, *GOOD, enrolled={**others, **(people(entry) if entry else {})})


def test_a_key_under_the_fingerprint_of_another_counts_for_nothing():
    swapped = {**ENROLLED, BOB.public.fingerprint: ENROLLED[AMY.public.fingerprint]}
    refused("not-enrolled", *GOOD, enrolled=swapped)


@pytest.mark.parametrize(
    "handler", ["bob-7", "Bob-7", "bob.7", "BOB_7", BOB.public.fingerprint, " bob-7 "], ids=lambda h: h[:8]
)
def test_the_handler_cannot_approve_however_they_are_written(handler):
    refused("handler", *GOOD, handler=handler)
    refused("handler", *reversed(GOOD), handler=handler)


def test_the_handlers_other_key_cannot_approve():
    enrolled = {**ENROLLED, **people(enrolment(HAL, "bob-7", role=Role.HANDLER))}
    refused("handler", *GOOD, enrolled=enrolled, handler=HAL.public.fingerprint)


@pytest.mark.parametrize("handler", ["", "  ", "...", "\u0431\u043e\u0431"])
def test_a_handler_whom_nobody_knows_stops_everything(handler):
    refused("handler", *GOOD, handler=handler)


def test_the_same_approver_twice_is_one():
    refused("same-key", approve(ANN), approve(ANN))
    refused("same-key", approve(ANN), approve(ANN, lasts=2 * DAY))


def test_an_error_quotes_no_reference_and_no_person():
    text = refused("same-key", approve(ANN), approve(ANN)) + refused("handler", *GOOD, handler="bob-7")
    assert not any(secret in text for secret in ("ann-7", "bob-7", "a" * 64))


# Nothing that is changed or mixed passes.

FIELDS = [field.name for field in fields(Approval)]
LIKELY = st.sampled_from(
    [*ELSEWHERE.values(), *asdict(GOOD[1]).values(), *[p.value for p in Purpose], instant(NOW + 2 * DAY), ""]
)
VALUES = st.one_of(
    LIKELY,
    st.text(max_size=130),
    st.from_regex("[0-9a-f]{64}|[0-9a-f]{128}|[0-9a-f]{32}", fullmatch=True),
    st.integers(0, 2**31).map(lambda seconds: instant(float(seconds))),
    st.none(),
    st.integers(),
    st.binary(max_size=8),
)


@settings(max_examples=400, deadline=None)
@given(name=st.sampled_from(FIELDS), value=VALUES, which=st.integers(0, 1))
def test_any_change_of_any_field_voids_an_approval(name, value, which):
    if value == getattr(GOOD[which], name):
        return
    pair = list(GOOD)
    pair[which] = replace(pair[which], **{name: value})
    with pytest.raises(ApprovalError):
        check(*pair)


@settings(max_examples=400, deadline=None)
@given(name=st.sampled_from(FIELDS), at=st.integers(0, 127), bit=st.integers(0, 6), which=st.integers(0, 1))
def test_a_single_bit_of_any_field_voids_an_approval(name, at, bit, which):
    text = getattr(GOOD[which], name)
    at %= len(text)
    pair = list(GOOD)
    changed = text[:at] + chr(ord(text[at]) ^ (1 << bit)) + text[at + 1 :]
    pair[which] = replace(pair[which], **{name: changed})
    with pytest.raises(ApprovalError):
        check(*pair)


TERM_CHOICES = {name: st.sampled_from([TERMS[name], other]) for name, other in ELSEWHERE.items()}
APPROVAL = st.builds(
    lambda who, at, terms: approve(who, at=at, **terms),
    st.sampled_from([ANN, BOB, AMY, HAL, EVE]),
    st.sampled_from([NOW - 2 * DAY, NOW, NOW + 2 * HOUR]),
    st.fixed_dictionaries(TERM_CHOICES),
)


def is_right(approval):
    """By itself, said once more."""
    terms = (approval.request, approval.purpose, approval.subject, approval.manifest, approval.recipient)
    who = [k.public.fingerprint for k in (ANN, BOB, AMY)]
    return terms == tuple(TERMS.values()) and approval.made_at == instant(NOW) and approval.approver in who


@settings(max_examples=400, deadline=None)
@given(st.lists(st.one_of(APPROVAL, st.sampled_from([*GOOD, approve(AMY)])), max_size=4))
def test_no_mix_with_approvals_of_other_requests_passes(approvals):
    is_fine = len(approvals) == 2 and all(map(is_right, approvals))
    is_fine = is_fine and approvals[0].approver != approvals[1].approver
    try:
        check(*approvals)
    except ApprovalError:
        assert not is_fine
    else:
        assert is_fine


@settings(max_examples=200, deadline=None)
@given(APPROVAL, st.sets(st.sampled_from(FIELDS), min_size=1))
def test_fields_put_together_from_two_approvals_pass_only_as_one_of_them(other, names):
    mixed = replace(GOOD[0], **{name: getattr(other, name) for name in names})
    if mixed in (GOOD[0], other):
        return
    with pytest.raises(ApprovalError):
        check(mixed, GOOD[1])


# Files.


def test_an_approval_comes_back_from_its_file(tmp_path):
    path = tmp_path / "approval.json"
    write_approval(GOOD[0], path)
    assert (path.stat().st_mode & 0o777, read_approval(path)) == (0o600, GOOD[0])
    assert json.loads(path.read_text())["kind"] == "redactor-export-approval"


def document(**changed):
    return canonical({**json.loads(to_json(GOOD[0])), **changed}) + b"\n"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}\n",
        b"[]\n",
        b"not json",
        to_json(GOOD[0])[:-1],
        to_json(GOOD[0]) + b"\n",
        to_json(GOOD[0]).replace(b":", b": ", 1),
        to_json(GOOD[0]).replace(b'{"approver"', b'{"approver":"x","approver"'),
        document(extra=1),
        document(schema=2),
        document(schema=True),
        document(kind="redactor-export-manifest"),
        document(made_at=""),
        document(expires=1),
        document(signature=None),
        document(request="../x"),
        document(purpose="fun"),
        b"[" * 3000,
        b" " * 5000,
        to_json(GOOD[0]).replace(b"subject-access", "subject\u2013access".encode()),
    ],
)
def test_nothing_else_is_read_as_an_approval(data):
    with pytest.raises(ApprovalError, match="malformed"):
        from_json(data, where="file")


def test_an_approval_without_its_time_is_none():
    content = json.loads(to_json(GOOD[0]))
    del content["made_at"]
    with pytest.raises(ApprovalError, match="malformed"):
        from_json(canonical(content) + b"\n", where="file")


def test_links_pipes_and_folders_are_no_approvals(tmp_path):
    write_approval(GOOD[0], tmp_path / "real")
    (tmp_path / "link").symlink_to("real")
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe", "none", "."):
        with pytest.raises(UsageError):
            read_approval(tmp_path / name)
    with pytest.raises(StoreError, match="cannot be written"):
        write_approval(GOOD[0], tmp_path / "real" / "x")


def test_the_approvals_of_one_request_are_found_and_no_others(tmp_path):
    for approval in (*GOOD, approve(ANN, request="fedcba9876543210")):
        write_approval(approval, tmp_path / f"approval-{approval.request}-{approval.approver}.json")
    (tmp_path / "approval-0123456789abcdef-draft.json").write_bytes(b"")
    assert set(read_approvals(tmp_path, TERMS["request"])) == set(GOOD)
    with pytest.raises(ApprovalError, match="malformed"):
        read_approvals(tmp_path, "*")


def test_signing_takes_the_time_from_its_clock():
    approval = sign_approval(ANN, **TERMS, expires=NOW + 5.7, clock=lambda: NOW + 0.7)
    assert (approval.made_at, approval.expires) == (instant(NOW), instant(NOW + 5))
