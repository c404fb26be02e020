"""Links work once, for a time, for whom they are; sessions end; nothing secret is stored."""

import pytest
from review_helpers import Clock

from redactor.errors import UsageError
from redactor.review.entries import Role
from redactor.review.people import ABSOLUTE_LIMIT_S, IDLE_LIMIT_S, LONGEST_INVITATION_S, People
from redactor.review.store import ReviewStore

HOUR = 3600.0


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def people(tmp_path, clock):
    return People(ReviewStore(tmp_path / "review.sqlite3"), now=clock)


def invite(people, label="Ann", role=Role.REVIEWER, hours=24.0):
    return people.invite(label, role, lifetime_s=hours * HOUR)


def test_a_link_lets_in_its_reviewer_once(people):
    invitation = invite(people)
    token, session = people.enter(invitation.token)
    assert session.reviewer == invitation.reviewer
    assert people.session(token) == session
    assert people.enter(invitation.token) is None
    assert people.session(token) == session, "the second try ends nothing"


@pytest.mark.parametrize("token", ["", "x" * 43, "\udcff", "' OR 1=1 --"])
def test_what_is_no_link_lets_nobody_in(people, token):
    invite(people)
    assert people.enter(token) is None
    assert people.session(token) is None


def test_a_link_is_256_random_bits(people):
    tokens = {invite(people, f"person {n}").token for n in range(20)}
    assert len(tokens) == 20
    assert all(len(token) == 43 for token in tokens)  # 32 bytes in base64


def test_tokens_are_not_stored_and_not_shown(people, tmp_path):
    invitation = invite(people)
    assert invitation.token not in repr(invitation)
    token, _ = people.enter(invitation.token)
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"Ann" in stored
    assert invitation.token.encode() not in stored
    assert token.encode() not in stored


@pytest.mark.parametrize(("hours", "is_in"), [(0.99, True), (1.0, False), (30.0, False)])
def test_a_link_expires(people, clock, hours, is_in):
    invitation = invite(people, hours=1.0)
    clock.on(hours * HOUR)
    assert (people.enter(invitation.token) is not None) is is_in


def test_a_new_link_for_somebody_voids_their_old_one_and_keeps_who_they_are(people):
    old, new = invite(people), invite(people)
    assert new.reviewer == old.reviewer
    assert people.enter(old.token) is None
    assert people.enter(new.token) is not None


@pytest.mark.parametrize(
    ("every_s", "is_in"), [(IDLE_LIMIT_S - 60, True), (IDLE_LIMIT_S, False), (IDLE_LIMIT_S + 60, False)]
)
def test_a_session_ends_when_nobody_does_anything(people, clock, every_s, is_in):
    token, _ = people.enter(invite(people).token)
    for _ in range(3):
        clock.on(every_s)
        found = people.session(token)
    assert (found is not None) is is_in


def test_a_session_ends_after_a_working_day_however_busy(people, clock):
    token, _ = people.enter(invite(people).token)
    for _ in range(int(ABSOLUTE_LIMIT_S // 600) - 1):
        clock.on(600)
        assert people.session(token) is not None
    clock.on(600)
    assert people.session(token) is None
    clock.on(-600)
    assert people.session(token) is None, "an ended session does not come back"


def test_a_session_from_the_future_is_none(people, clock):
    token, _ = people.enter(invite(people).token)
    clock.on(-HOUR)
    assert people.session(token) is None


def test_leaving_ends_one_session(people):
    one, _ = people.enter(invite(people).token)
    other, _ = people.enter(invite(people).token)
    people.leave(one)
    assert people.session(one) is None
    assert people.session(other) is not None


def test_who_is_revoked_is_out_at_once_and_has_no_link(people):
    entered, unused = invite(people), None
    token, _ = people.enter(entered.token)
    unused = invite(people)
    bystander, _ = people.enter(invite(people, "Bob").token)
    assert people.revoke(entered.reviewer.id)
    assert people.session(token) is None
    assert people.enter(unused.token) is None
    assert people.session(bystander) is not None
    assert not people.revoke(entered.reviewer.id)
    assert not people.revoke("nobody")


def test_under_the_label_of_somebody_revoked_comes_somebody_new(people):
    old = invite(people)
    people.revoke(old.reviewer.id)
    assert invite(people).reviewer.id != old.reviewer.id


def test_a_label_has_one_role(people):
    invite(people)
    with pytest.raises(UsageError, match="another label"):
        invite(people, role=Role.OPERATOR)


@pytest.mark.parametrize("label", ["", "  ", "x" * 61, "a\nb", "a\x1b[2J"])
def test_labels_that_cannot_be_shown_are_refused(people, label):
    with pytest.raises(UsageError, match="label"):
        invite(people, label)


@pytest.mark.parametrize("lifetime", [0.0, -1.0, LONGEST_INVITATION_S + 1, float("nan")])
def test_lifetimes_are_bounded(people, lifetime):
    with pytest.raises(UsageError, match="hours"):
        people.invite("Ann", Role.REVIEWER, lifetime_s=lifetime)


def test_the_operator_sees_the_state_of_invitations(people, clock):
    invite(people, "unused")
    people.enter(invite(people, "used").token)
    people.revoke(invite(people, "revoked").reviewer.id)
    invite(people, "expired", hours=0.1)
    clock.on(0.2 * HOUR)
    found = {p.reviewer.label: (p.invitation, p.is_in) for p in people.everybody()}
    assert found == {
        "unused": ("unused", False),
        "used": ("used", True),
        "revoked": ("revoked", False),
        "expired": ("expired", False),
    }
