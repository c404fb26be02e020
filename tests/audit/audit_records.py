"""Records for the tests, and the chain computed a second time from its description."""

import hashlib
import json

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from redactor.audit import AuditLog, Event, SigningKey

KEY, OTHER_KEY = (SigningKey(Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32)) for n in (1, 2))
NO_HASH = "0" * 64
KEYS = ["event", "fields", "hash", "previous", "seq", "time", "who"]


def event(number=0):
    return Event("recording", {"number": number, "sha256": "ab" * 32, "gain": 0.5, "files": [{"bytes": 1}]})


def new_log(folder, num_lines, *, key=KEY):
    """Path of a log with so many lines, and its head."""
    log = AuditLog(folder / "audit.jsonl", key=key)
    return folder / "audit.jsonl", log.append([event(number) for number in range(num_lines)])


def lines_of(path):
    return path.read_bytes().splitlines(keepends=True)


def documents(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def canonical(document):
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def seal(document):
    """A line with the hash that its content has."""
    content = {key: value for key, value in document.items() if key != "hash"}
    return canonical({**content, "hash": hashlib.sha256(canonical(content)).hexdigest()}) + b"\n"


def rewrite(found, **changed):
    """Lines chained anew, with fields of the first changed."""
    lines, previous = [], json.loads(found[0])["previous"]
    for number, line in enumerate(found):
        document = {**json.loads(line), "previous": previous}
        if number == 0:
            document["fields"] = {**document["fields"], **changed}
        lines.append(seal(document))
        previous = json.loads(lines[-1])["hash"]
    return lines
