"""A run folder for tests of exports, and rows of a catalog about it."""

import csv
import json
import sys
from pathlib import Path

# The run folder stands beside the tests of reviews, which use the same.
sys.path.append(str(Path(__file__).parents[1] / "review"))

import soundfile as sf  # noqa: E402
from leak_stand_ins import House  # noqa: E402

from redactor.commands.catalog import catalog_import  # noqa: E402
from redactor.export.entries import CatalogEntry  # noqa: E402
from redactor.inputs import input_path  # noqa: E402
from redactor.ledger import State  # noqa: E402

KEY = bytes(range(32))
ANN, BOB, CARL = "customer 4711", "customer 4712", "customer 4713"


def made_house(place, monkeypatch, **options):
    """A run over a few recordings, all released."""
    house = House(place, monkeypatch, **options)
    house.run()
    return house


def exchange(house, name):
    """Another recording comes to lie at the path of one, and is run."""
    with house.archive() as archive:
        path = input_path(archive.inputs.get(name).uri)
    samples, rate = sf.read(path, dtype="int16")
    sf.write(path, samples[::-1], rate, subtype="PCM_16")
    house.run()
    assert house.state(name) is State.DONE


def entry(name, subject="a" * 64, **changes):
    values = {
        "account": None, "device": None, "language": None, "recorded_at": None, "roles": {}, "others": (),
        **changes,
    }  # fmt: skip
    return CatalogEntry(name=name, subject=subject, **values)


def write_csv(path, rows, *, delimiter=",", encoding="utf-8"):
    """Rows are mappings; the first names the columns."""
    with path.open("w", encoding=encoding, newline="") as stream:
        writer = csv.DictWriter(stream, rows[0].keys(), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
    return path


class Desk:
    """Somebody who imports catalogs into a run folder."""

    def __init__(self, house, capsys):
        self.house, self.capsys = house, capsys
        self.key_file = house.place / "keys" / "subjects.key"
        self.said = ""

    def takes(self, source, *, query=None, columns=(), replace=False):
        """The document and the exit code of an import; what was said to the person is in `said`."""
        self.capsys.readouterr()
        code = catalog_import(
            self.house.out,
            source=str(source),
            query=query,
            columns=columns,
            replace=replace,
            private=None,
            subject_key=self.key_file,
            as_json=True,
        )
        out, self.said = self.capsys.readouterr()
        return json.loads(out), code

    def takes_rows(self, *rows, **options):
        return self.takes(write_csv(self.house.place / "catalog.csv", rows), **options)
