"""What the recipient types."""

import json

import pyrage
import pytest
from export_package_helpers import check_approvals, enrolled, make_case

from redactor.commands import export_package
from redactor.commands.export_package import export_open, export_verify
from redactor.errors import UsageError
from redactor.export.package.seal import identity_file, new_identity
from redactor.export.package.verify import Trust


@pytest.fixture
def given(tmp_path):
    case = make_case(tmp_path)
    files = {"outer": identity_file(case.outer[0]), "inner": identity_file(case.inner[0]),
             "root.pub": case.root.public.to_pem()}  # fmt: skip
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    return case.seal()


def options(folder, **changes):
    made = {"identity": folder / "outer", "inner": folder / "inner", "as_json": True, "trust_in": trust_in}
    return {**made, **changes}


def trust_in(root):
    return Trust(root, enrolled, check_approvals)


def test_open_then_verify(given, tmp_path, capsys):
    to = tmp_path / "to"
    assert export_open(given, to=to, root_key=None, **options(tmp_path)) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["approvers"] is None
    assert "signatures were not checked" in err
    assert (to / "index.html").is_file()

    for target, keys in [(to, {"identity": None, "inner": None}), (given, {})]:
        assert export_verify(target, root_key=tmp_path / "root.pub", **options(tmp_path, **keys)) == 0
        out, err = capsys.readouterr()
        found = json.loads(out)
        assert (found["request"], found["recordings"]) == ("req-7", 2)
        assert found["approvers"] == ["person-0", "person-1"]
        assert "every signature leads to the root key" in err

    assert export_open(given, to=tmp_path / "b", root_key=tmp_path / "root.pub", **options(tmp_path)) == 0
    assert "signatures were not checked" not in capsys.readouterr().err


def test_nothing_is_opened_under_another_root_key(given, tmp_path):
    (tmp_path / "root.pub").write_bytes(make_case(tmp_path / "other").root.public.to_pem())
    with pytest.raises(UsageError, match="not signed by the root key"):
        export_open(given, to=tmp_path / "to", root_key=tmp_path / "root.pub", **options(tmp_path))
    assert not (tmp_path / "to").exists()


def test_files_that_are_no_identities(given, tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        export_open(given, to=tmp_path / "to", root_key=None, **options(tmp_path, inner=tmp_path / "none"))
    (tmp_path / "large").write_bytes(bytes(70_000))
    with pytest.raises(UsageError, match="too large"):
        export_open(given, to=tmp_path / "to", root_key=None, **options(tmp_path, inner=tmp_path / "large"))
    with pytest.raises(UsageError, match="go together"):
        export_verify(given, root_key=tmp_path / "root.pub", **options(tmp_path, inner=None))


@pytest.mark.parametrize("error", [EOFError(), OSError(6, "No such device or address")])
def test_where_nobody_can_be_asked_for_a_passphrase_it_is_said(given, tmp_path, error):
    def ask(prompt):
        raise error

    (tmp_path / "inner").write_bytes(pyrage.passphrase.encrypt((tmp_path / "inner").read_bytes(), "words"))
    with pytest.raises(UsageError, match="inner' is under a passphrase, and there is no terminal to ask"):
        export_open(given, to=tmp_path / "to", root_key=None, ask=ask, **options(tmp_path))


def test_a_passphrase_is_asked_for_only_where_there_is_one(given, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(export_package, "is_wrapped", lambda data: data == b"wrapped")
    identity = (tmp_path / "inner").read_text().splitlines()[1]

    def opened(data, *, where, passphrase):
        assert (data == b"wrapped") == (passphrase == "secret")
        return identity if passphrase else data.decode().splitlines()[1]

    monkeypatch.setattr(export_package, "identity_from", opened)
    (tmp_path / "inner").write_bytes(b"wrapped")

    def ask(prompt):
        asked.append(prompt)
        return "secret"

    export_open(given, to=tmp_path / "to", root_key=None, ask=ask, **options(tmp_path))
    assert asked == ["passphrase of inner: "]


def test_no_secret_in_an_error(given, tmp_path):
    identity, _ = new_identity()
    (tmp_path / "wrong").write_bytes(identity_file(identity))
    with pytest.raises(UsageError) as error:
        export_open(given, to=tmp_path / "to", root_key=None, **options(tmp_path, identity=tmp_path / "wrong"))
    assert "AGE-SECRET" not in str(error.value)
    assert identity[20:] not in str(error.value)
