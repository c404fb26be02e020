"""A small export that is packed, and people who sign for it."""

import hashlib
import io
import json
import wave
from dataclasses import dataclass, field, replace
from pathlib import Path

from redactor.audit import SigningKey
from redactor.audit.lines import canonical
from redactor.errors import UsageError
from redactor.export.entries import Approval, Manifest, ManifestLine, Purpose
from redactor.export.package.document import manifest_sha256
from redactor.export.package.members import Enclosed, package_members
from redactor.export.package.readme import Sender
from redactor.export.package.seal import fingerprint, new_identity, write_sealed
from redactor.export.package.verify import Trust

SEALED_AT = "2026-03-04T05:06:07Z"
SENDER = Sender("Example Bank", "privacy@example.org, +49 30 1234", "Berlin Commissioner, www.example.org")
HEAD = {"count": 3, "hash": "ab" * 32, "time": "2026-03-04T05:06:07.000Z", "key": "cd" * 16,
        "signature": "ef" * 64}  # fmt: skip
SUBJECT = "5" * 64
HANDLER = "hanna"


def wav(seconds=2.0, rate=8000):
    data = io.BytesIO()
    with wave.open(data, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes(bytes(2 * int(seconds * rate)))
    return data.getvalue()


def transcript(*lines, channels=2):
    """Lines are (start, end, channel, text)."""
    segments = [
        {"channel": c, "start": s, "end": e, "language": "en", "text": t, "words": [], "placeholders": []}
        for s, e, c, t in lines
    ]
    document = {"duration": 2.0, "channels": channels, "languages": ["en"], "segments": segments}
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def put(release, path, data):
    """A file of a release, and its row for the manifest."""
    target = release / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    return (path, hashlib.sha256(data).hexdigest(), len(data))


def line_of(name, files, *, recorded_at="2026-01-02T03:04:05Z", source="release", duration=2.0):
    return ManifestLine(name, SUBJECT, "1" * 64, source, "2" * 64, recorded_at, duration, tuple(files))


def recording(release, name, *lines, audio=None, **options):
    """A recording with sound and two transcripts."""
    lines = lines or [(0.0, 1.0, 0, "hello it is <PERSON_1>"), (1.0, 2.0, 1, "how can I help")]
    text = "".join(f"[{s}] {t}\n" for s, _, _, t in lines)
    files = [
        put(release, f"audio/{name[:2]}/{name}.wav", wav() if audio is None else audio),
        put(release, f"transcripts/{name[:2]}/{name}.json", transcript(*lines)),
        put(release, f"transcripts/{name[:2]}/{name}.txt", text.encode()),
    ]
    return line_of(name, files, **options)


@dataclass(frozen=True)
class Person:
    """As an enrolment, for the stand-in below."""

    person: str
    role: str
    key: str
    valid_from: str = "2026-01-01T00:00:00Z"
    valid_until: str = "2027-01-01T00:00:00Z"
    revoked_at: str | None = None


def enrolment(root, person, role, key, **dates):
    """A document that the root signed."""
    one = {**vars(Person(person, role, key.public.fingerprint, **dates))}
    return {**one, "signature": root.sign(b"stand-in\0" + canonical(one)).hex()}


def enrolled(documents, root):
    found = {}
    for document in documents:
        one = dict(document)
        signature = bytes.fromhex(one.pop("signature"))
        if not root.has_signed(signature, b"stand-in\0" + canonical(one)):
            raise UsageError("an enrolment is not signed by the root key")
        found[one["key"]] = Person(**one)
    return found


def check_approvals(approvals, *, enrolled, handler, now, **over):
    """As the real one does it, of that form."""
    found = []
    for approval in approvals:
        for name, value in {**over, "manifest": over["manifest_sha256"]}.items():
            if name != "manifest_sha256" and getattr(approval, name) != value:
                raise UsageError(f"an approval is for another {name}")
        person = enrolled.get(approval.approver)
        if person is None or person.role != "approver" or person.person == handler:
            raise UsageError("an approver is not enrolled")
        found.append(person)
    if len(found) != 2:
        raise UsageError("two approvals are needed")
    return found


@dataclass
class Case:
    """Everything that a package is made of."""

    folder: Path
    manifest: Manifest
    root: SigningKey = field(default_factory=SigningKey.generate)
    handler: SigningKey = field(default_factory=SigningKey.generate)
    approvers: list = field(default_factory=lambda: [SigningKey.generate(), SigningKey.generate()])
    outer: tuple = field(default_factory=new_identity)
    inner: tuple = field(default_factory=new_identity)

    @property
    def release(self):
        return self.folder / "release"

    @property
    def trust(self):
        return Trust(self.root.public, enrolled, check_approvals)

    def approvals(self, **changes):
        over = {"request": self.manifest.request, "purpose": self.manifest.purpose.value, "subject": SUBJECT,
                "manifest": manifest_sha256(self.manifest), "recipient": fingerprint(self.outer[1]),
                "expires": "2026-03-05T00:00:00Z", "signature": "0" * 128, **changes}  # fmt: skip
        return tuple(Approval(approver=key.public.fingerprint, **over) for key in self.approvers)

    def enrolments(self, **sealer):
        people = [enrolment(self.root, f"person-{n}", "approver", k) for n, k in enumerate(self.approvers)]
        options = {"person": HANDLER, "role": "handler", "key": self.handler, **sealer}
        return (*people, enrolment(self.root, **options))

    def enclosed(self, **changes):
        made = Enclosed(SENDER, self.outer[1], HANDLER, SEALED_AT, HEAD, self.approvals(), self.enrolments())
        return replace(made, **changes)

    def members(self, *, key=None, **changes):
        sources = {"release": self.release}
        return package_members(self.manifest, sources, self.enclosed(**changes), key=key or self.handler)

    def seal(self, name="package.age", members=None):
        target = self.folder / name
        write_sealed(members or self.members(), target, inner=self.inner[1], outer=self.outer[1])
        return target

    @property
    def keys(self):
        return {"outer": self.outer[0], "inner": self.inner[0]}


def make_case(folder, *, names=("aa01", "bb02"), purpose=Purpose.SUBJECT_ACCESS):
    lines = tuple(recording(folder / "release", name) for name in names)
    return Case(folder, Manifest("req-7", purpose, SUBJECT, lines, {"withdrawn": 1}))
