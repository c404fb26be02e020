"""Strata by what the reports say, or by a table of the user's."""

import pytest
from leak_stand_ins import House

from redactor.errors import UsageError
from redactor.review.drawing import released
from redactor.review.strata import strata_by_report, strata_by_table


@pytest.fixture
def house(tmp_path, monkeypatch):
    made = House(tmp_path, monkeypatch, num_recordings=3)
    made.run()
    return made


@pytest.fixture
def table(house, tmp_path):
    def table(text, column="line"):
        file = tmp_path / "catalog.csv"
        file.write_text(text)
        with house.archive() as archive:
            return strata_by_table(archive, file, column)

    return table


def test_reports_tell_channels_and_language(house):
    with house.archive() as archive:
        entries = released(archive)
        assert set(strata_by_report(house.folder, entries, "channels").values()) == {"1-channel"}
        assert set(strata_by_report(house.folder, entries, "language").values()) == {"en"}


def test_a_table_names_recordings_by_path_or_name(house, table):
    name = house.names()[0]
    rows = "\n".join(f"{house.inputs}/{number}.wav,sales" for number in range(3))
    strata = table(f"\ufeffrecording,line\n{rows}\nelsewhere.wav,other\n")
    assert strata == dict.fromkeys(house.names(), "sales")
    assert table(f"line,recording\nsupport,{name}\n") == {name: "support"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "needs the columns"),
        ("recording,team\n0.wav,a\n", "needs the columns"),
        ("recording,line\nelsewhere.wav,a\n", "none of this run's recordings"),
        ("recording,line\n{name},\n", "line 2"),
        ("recording,line\n{name},a\n,b\n", "line 3: 'recording' is empty"),
        ("recording,line\n{name},a\n  ,a\n", "line 3: 'recording' is empty"),
        ("recording,line\n{name},{long}\n", "line 2"),
        ("recording,line\n{name},a\n{name},b\n", "line 3"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_and_not_quoted(house, table, text, message):
    with pytest.raises(UsageError, match=message) as refused:
        table(text.format(name=house.names()[0], long="Torsten Quill " * 9))
    assert "Torsten" not in str(refused.value)


def test_a_table_that_is_not_there_is_named(house, tmp_path):
    with house.archive() as archive, pytest.raises(UsageError, match="cannot be read"):
        strata_by_table(archive, tmp_path / "none.csv", "line")
