"""The three forms in which verdicts come back: what is forgiven, what is refused, and where it says so."""

import csv
import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from redactor.errors import UsageError
from redactor.review.entries import Opinion
from redactor.review.exchange import audacity, csvfile, labelstudio
from redactor.review.exchange.answers import answers

CLIP = "itemwhole0"
HEADER = "id,verdict,start,end,type,comment"


def told(said):
    """Opinion, marks and comment of the only clip."""
    (answer,) = answers(said)
    return answer.opinion, [(m.start, m.end, m.type) for m in answer.marks], answer.comment


# Audacity.


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("clean", (Opinion.CLEAN, [], "")),
        ("  CLEAN  ", (Opinion.CLEAN, [], "")),
        ("Clean: nothing to hear", (Opinion.CLEAN, [], "nothing to hear")),
        ("Cannot tell", (Opinion.CANNOT_TELL, [], "")),
        ("cannot-tell too quiet", (Opinion.CANNOT_TELL, [], "too quiet")),
        ("CANNOT_TELL", (Opinion.CANNOT_TELL, [], "")),
        ("too-much", (Opinion.TOO_MUCH, [(1.5, 2.5, None)], "")),
        ("Too  Much of it", (Opinion.TOO_MUCH, [(1.5, 2.5, None)], "of it")),
        ("leak PERSON", (Opinion.LEAK, [(1.5, 2.5, "PERSON")], "")),
        ("Leak:  person, first name", (Opinion.LEAK, [(1.5, 2.5, "PERSON")], "first name")),
        ("leak phone number of a shop", (Opinion.LEAK, [(1.5, 2.5, "PHONE_NUMBER")], "of a shop")),
        ("leak-US_DRIVER_LICENSE", (Opinion.LEAK, [(1.5, 2.5, "US_DRIVER_LICENSE")], "")),
        ("leak us driver license", (Opinion.LEAK, [(1.5, 2.5, "US_DRIVER_LICENSE")], "")),
        ("leak other", (Opinion.LEAK, [(1.5, 2.5, "OTHER")], "")),
    ],
)
def test_a_label_is_understood_as_people_write_it(text, expected):
    assert told(audacity.parse(f"1.5\t2.5\t{text}\n".encode(), f"{CLIP}.txt")) == expected


def test_our_own_labels_and_frequency_ranges_say_nothing():
    rows = "0.0\t3.0\tsaid leak PERSON\r\n\\\t100.0\t200.0\r\n1.0\t2.0\tmuted channel 1\r\n\r\n0\t0\tclean\r\n"
    assert told(audacity.parse(b"\xef\xbb\xbf" + rows.encode(), f"{CLIP}.txt")) == (Opinion.CLEAN, [], "")


def test_commas_in_times_are_points():
    assert told(audacity.parse(b"1,5\t2,5\tleak AGE", f"{CLIP}.txt"))[1] == [(1.5, 2.5, "AGE")]


def test_a_point_label_is_no_stretch_of_too_much_muting():
    assert told(audacity.parse(b"1.5\t1.5\ttoo much", f"{CLIP}.txt")) == (Opinion.TOO_MUCH, [], "")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1.0\t2.0\tmuted\n", "'itemwhole0.txt': the clip has no verdict"),
        ("", "'itemwhole0.txt': the clip has no verdict"),
        ("1.0\t2.0\tclean\n1.0\t2.0\t\n", "line 2: not a label"),
        ("1.0\tclean\n", "line 1: not a label"),
        ("1.0 2.0 clean\n", "line 1: not a label"),
        ("1.0\t2.0\tleak\n", "line 1: a leak needs a known type"),
        ("1.0\t2.0\tleak Smith\n", "line 1: a leak needs a known type"),
        ("1.0\t2.0\tleaking PERSON\n", "line 1: unknown verdict"),
        ("1.0\t2.0\tSmith\n", "line 1: unknown verdict"),
        ("1.0\t2.0\t42\n", "line 1: unknown verdict"),
        ("one\t2.0\tclean\n", "line 1: a time is not a number"),
    ],
)
def test_what_a_label_file_may_not_hold(text, message):
    with pytest.raises(UsageError, match=message) as caught:
        answers(audacity.parse(text.encode(), f"{CLIP}.txt"))
    assert "Smith" not in str(caught.value)


def test_a_folder_without_labels_is_said(tmp_path):
    (tmp_path / "clip.wav").touch()
    (tmp_path / "._clip.txt").touch()
    with pytest.raises(UsageError, match="holds no label files"):
        audacity.read(tmp_path)


def test_files_of_the_system_beside_the_labels_are_passed_over(tmp_path):
    (tmp_path / f"._{CLIP}.txt").write_bytes(b"\xff\x00")
    (tmp_path / f"{CLIP}.TXT").write_text("0\t0\tclean\n")
    assert told(audacity.read(tmp_path))[0] is Opinion.CLEAN


def test_a_folder_by_the_name_of_a_label_file_is_refused(tmp_path):
    (tmp_path / f"{CLIP}.txt").mkdir()
    with pytest.raises(UsageError, match="is not a file"):
        audacity.read(tmp_path)


# CSV.


@pytest.mark.parametrize(
    ("separator", "point", "mark"), [(",", ".", ""), (";", ",", ""), ("\t", ".", ""), (";", ".", "\ufeff")]
)
def test_a_table_is_read_as_spreadsheets_save_it(separator, point, mark):
    rows = [HEADER.upper().split(","), [CLIP, "Leak", f"1{point}5", f"2{point}5", "pin code", '"a, b; c"']]
    text = mark + "\r\n".join(separator.join(row) for row in rows)
    assert told(csvfile.parse(text.encode(), "t.csv")) == (Opinion.LEAK, [(1.5, 2.5, "PIN_CODE")], "a, b; c")


def test_columns_may_stand_in_any_order_and_others_beside_them():
    text = f"comment,mine,type,end,start,verdict,id\n,x,,,,clean,{CLIP}\n"
    assert told(csvfile.parse(text.encode(), "t.csv")) == (Opinion.CLEAN, [], "")


def test_the_untouched_row_of_a_clip_may_stay_beside_its_marks():
    text = f"{HEADER}\n{CLIP},,,,,\n{CLIP},leak,1,2,AGE,\n,,,,,\n"
    assert told(csvfile.parse(text.encode(), "t.csv")) == (Opinion.LEAK, [(1.0, 2.0, "AGE")], "")


def test_a_quoted_formula_comes_back_without_its_quote():
    text = f"{HEADER}\n'-x,clean,,,,'=1+1\n'y,clean,,,,'quoted'\n"
    first, second = answers(csvfile.parse(text.encode(), "t.csv"))
    assert (first.clip, first.comment) == ("-x", "=1+1")
    assert (second.clip, second.comment) == ("'y", "'quoted'")


def test_a_transcript_longer_than_a_usual_cell_is_read():
    text = f"{HEADER},transcript\n{CLIP},clean,,,,,{'x' * 200_000}\n"
    csv.field_size_limit(100_000)
    assert told(csvfile.parse(text.encode(), "t.csv"))[0] is Opinion.CLEAN
    assert csv.field_size_limit(131_072) == 100_000  # back to what it is in a new process


def test_a_row_is_named_by_the_line_it_begins_at():
    text = f'{HEADER}\n{CLIP},clean,,,,"two\nlines"\n{CLIP},dirty,,,,\n'
    with pytest.raises(UsageError, match=r"'t\.csv', line 4: unknown verdict"):
        csvfile.parse(text.encode(), "t.csv")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: there is no column 'id'"),
        ("id,start,end,type,comment\n", "line 1: there is no column 'verdict'"),
        (f"{HEADER},id\n", "line 1: a column is there twice"),
        (f"{HEADER}\n,clean,,,,\n", "line 2: the row has no id"),
        (f"{HEADER}\n{CLIP},clean,,,,a,b\n", "line 2: more cells than the header has"),
        (f'{HEADER}\n{CLIP},clean,,,,"a\n', "not a table"),
        (f"{HEADER}\n{CLIP},leak,1,,AGE,\n", "line 2: a time is not a number"),
        (f'{HEADER}\n{CLIP},leak,"1,5","2,5",AGE,\n', "line 2: a time is not a number"),
        (f"{HEADER}\n{CLIP},too-much,1,,,\n", "line 2: a time is not a number"),
    ],
)
def test_what_a_table_may_not_hold(text, message):
    with pytest.raises(UsageError, match=message):
        csvfile.parse(text.encode(), "t.csv")


# Label Studio.

CHOICE = {"from_name": "verdict", "type": "choices", "value": {"choices": ["clean"]}}
REGION = {"from_name": "marks", "type": "labels", "value": {"start": 1, "end": 2, "labels": ["AGE"]}}


def annotated(*results, **changes):
    task = {"data": {"clip": CLIP}, "annotations": [{"was_cancelled": False, "result": list(results)}]}
    return {**task, **changes}


def parsed(document):
    return labelstudio.parse(json.dumps(document).encode(), "t.json")


def with_value(result, **value):
    return {**result, "value": {**result["value"], **value}}


def test_a_region_may_have_several_labels_and_what_was_predicted_is_passed_over():
    leak = with_value(CHOICE, choices=["leak"])
    found = told(parsed([annotated(with_value(REGION, labels=["AGE", "PERSON", "MUTED"]), leak)]))
    assert found == (Opinion.LEAK, [(1.0, 2.0, "AGE"), (1.0, 2.0, "PERSON")], "")


def test_a_leak_region_beside_the_choice_too_much_is_a_leak():
    assert told(parsed([annotated(REGION, with_value(CHOICE, choices=["too-much"]))]))[0] is Opinion.LEAK


def test_a_skipped_annotation_does_not_count():
    skipped = {"was_cancelled": True, "result": [REGION]}
    task = annotated(CHOICE)
    assert told(parsed([{**task, "annotations": [skipped, *task["annotations"]]}]))[0] is Opinion.CLEAN


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"data": {}}, "is not a list of tasks"),
        ([7], "task 1: not a task of ours"),
        ([{"data": {"audio": "x"}, "annotations": []}], "task 1: not a task of ours"),
        ([{"data": {"clip": CLIP}, "verdict": "clean"}], "no list of annotations.*not JSON-MIN"),
        ([annotated(CHOICE), annotated(CHOICE)], "task 2: the clip of an earlier task"),
        ([annotated(annotations=[])], "task 1: the clip has no verdict"),
        ([annotated(annotations=[{"was_cancelled": True, "result": [CHOICE]}])], "the clip has no verdict"),
        ([annotated(annotations=[{"result": [CHOICE]}] * 2)], "it has 2 annotations"),
        ([annotated(annotations=[{"result": None}])], "no list of results"),
        ([annotated()], "no verdict is chosen"),
        ([annotated(REGION)], "no verdict is chosen"),
        ([annotated(CHOICE, CHOICE)], "several verdicts are chosen"),
        ([annotated(with_value(CHOICE, choices=["clean", "leak"]))], "several choices are given"),
        ([annotated(with_value(CHOICE, choices=[]))], "unknown verdict"),
        ([annotated(with_value(CHOICE, choices=["Smith"]))], "unknown verdict"),
        ([annotated(with_value(CHOICE, choices=[7]))], "a result has no choices"),
        ([annotated(CHOICE, with_value(REGION, labels=[]))], "a region has no label"),
        ([annotated(CHOICE, with_value(REGION, labels=["Smith"]))], "unknown type"),
        ([annotated(CHOICE, {"from_name": "transcription", "value": {}})], "labeling.xml does not ask for"),
        ([annotated(CHOICE, REGION)], "said to be clean and leak"),
        ([annotated(with_value(CHOICE, choices=["leak"]))], "a leak has no mark"),
    ],
)
def test_what_an_export_may_not_hold(document, message):
    with pytest.raises(UsageError, match=message) as caught:
        answers(parsed(document))
    assert "Smith" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "[1" + "0" * 5000 + "]"])
def test_what_is_no_json_is_refused(text):
    with pytest.raises(UsageError, match="is not JSON"):
        labelstudio.parse(text.encode(), "t.json")


# Any bytes at all.


def only_usage_errors(parse, data, name):
    try:
        answers(parse(data, name))
    except UsageError as error:
        assert str(error)


LABELS = st.lists(
    st.sampled_from(["1.5", "2", "\t", " ", "leak", "PERSON", "clean", "\n", "\\", "too much", "\x00"])
)
CELLS = st.lists(
    st.sampled_from([CLIP, ",", ";", "\t", '"', "\n", "\r", "clean", "leak", "1", "AGE", "'=", "\x00"])
)
KEYS = st.sampled_from(
    ["data", "clip", "annotations", "result", "from_name", "value", "labels", "start", "end"]
)
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["marks", "verdict", "AGE", CLIP])
)
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5)
)
RESULTS = st.lists(
    st.fixed_dictionaries({
        "from_name": st.sampled_from(["marks", "verdict", "comment"]),
        "value": st.dictionaries(
            st.sampled_from(["labels", "choices", "text", "start", "end"]),
            LEAVES | st.lists(LEAVES, max_size=2),
        ),
    })
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.binary() | LABELS.map(lambda parts: "".join(parts).encode()), st.text())
@example(b"\xff", "")
def test_any_bytes_are_labels_or_refused(data, name):
    only_usage_errors(audacity.parse, data, name)


@settings(max_examples=150, deadline=None)
@given(st.binary() | CELLS.map(lambda parts: f"{HEADER}\n{''.join(parts)}".encode()), st.text())
@example(f"{HEADER}\n\x00".encode(), "t.csv")
def test_any_bytes_are_a_table_or_refused(data, name):
    only_usage_errors(csvfile.parse, data, name)


@settings(max_examples=200, deadline=None)
@given(
    st.binary()
    | JSON.map(lambda value: json.dumps(value).encode())
    | RESULTS.map(lambda results: json.dumps([annotated(*results)]).encode()),
    st.text(),
)
def test_any_bytes_are_an_export_or_refused(data, name):
    only_usage_errors(labelstudio.parse, data, name)
