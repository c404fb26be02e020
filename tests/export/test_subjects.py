"""Ids are hashed with a key that lies elsewhere; one person is one hash, two are two."""

import hashlib
import hmac
import unicodedata

import pytest
from export_house import KEY
from hypothesis import given
from hypothesis import strategies as st

from redactor.errors import UsageError
from redactor.export.subjects import account_hash, default_subject_key, load_subject_key, subject_hash
from redactor.names import default_key_file
from redactor.runfolder import create_run_folder


@pytest.fixture
def folder(tmp_path):
    return create_run_folder(tmp_path / "out", private=tmp_path / "elsewhere")


def test_the_hash_is_an_hmac_of_the_normal_form():
    expected = hmac.new(KEY, "redactor subject\0Zoë 1".encode(), hashlib.sha256).hexdigest()
    assert subject_hash(KEY, "  Zoe\u0308 1\t") == expected


@pytest.mark.parametrize("other", ["4712", "04711", "4711 a", "A4711", "4711é"])
def test_another_id_is_another_subject(other):
    assert subject_hash(KEY, other) != subject_hash(KEY, "4711")


def test_case_is_kept_apart():
    assert subject_hash(KEY, "ab") != subject_hash(KEY, "AB")


def test_an_account_is_never_taken_for_a_subject():
    assert account_hash(KEY, "4711") != subject_hash(KEY, "4711")


def test_another_key_gives_another_hash():
    assert subject_hash(KEY[::-1], "4711") != subject_hash(KEY, "4711")


@pytest.mark.parametrize("text", ["", "  ", "\u00a0", "a\u200bb", "a\nb", "a\0b", "\ud800", "x" * 201])
def test_an_id_that_cannot_be_seen_is_refused_without_being_quoted(text):
    with pytest.raises(UsageError) as raised:
        subject_hash(KEY, text)
    assert not text.strip() or text not in str(raised.value)


@given(st.text(st.characters(categories=("L", "N")), min_size=1, max_size=50))
def test_however_it_is_composed_it_is_the_same_subject(text):
    forms = {subject_hash(KEY, unicodedata.normalize(form, text)) for form in ("NFC", "NFD")}
    assert forms == {subject_hash(KEY, f" {text} ")}


def test_the_key_lies_beside_the_key_of_names():
    assert default_subject_key() == default_key_file().with_name("subjects.key")


def test_a_key_is_made_once_for_its_owner_alone(tmp_path, folder):
    path = tmp_path / "keys" / "subjects.key"
    made = load_subject_key(path, create=True, folder=folder)
    assert len(made) == 32 and path.stat().st_mode & 0o777 == 0o600
    assert load_subject_key(path, create=False, folder=folder) == made


def test_a_missing_key_is_not_made_where_one_is_known(tmp_path, folder):
    with pytest.raises(UsageError, match="key of subjects.*is missing.*--subject-key"):
        load_subject_key(tmp_path / "subjects.key", create=False, folder=folder)
    assert not (tmp_path / "subjects.key").exists()


def test_what_is_no_key_is_refused(tmp_path, folder):
    (tmp_path / "subjects.key").write_text("secret")
    with pytest.raises(UsageError, match="not a key file.*--subject-key"):
        load_subject_key(tmp_path / "subjects.key", create=True, folder=folder)


@pytest.mark.parametrize("inside", ["out/a.key", "out/deep/a.key", "elsewhere/a.key", "link/a.key"])
def test_a_key_in_the_run_folder_is_refused(tmp_path, folder, inside):
    (tmp_path / "link").symlink_to(folder.private)
    with pytest.raises(UsageError, match="may not lie in the run folder"):
        load_subject_key(tmp_path / inside, create=True, folder=folder)
