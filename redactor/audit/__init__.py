"""The record of a run folder: who had what done when, so that a later change of it shows.

``private/audit.jsonl`` holds one event a line. Every line carries the hash of the line before it, so that no
line can be changed, taken out, put in or moved without all that follow; and the end of the chain, its head
(number of lines and last hash), is signed into ``private/audit.head.json`` with a key that lies outside OUT.
Heads also stand in certificates and packages, and ``redactor audit head`` prints one to be kept elsewhere.

No line holds personal data: an input stands there as :func:`keyed_digest`, and an :class:`Event` takes nothing
that reads like a sentence.

What shows, to anybody with the public key, in the files alone:

- every change, removal, insertion, doubling or move of a line that the head counts, down to one bit;
- a cut anywhere below the head, an emptied or removed log, a head that is missing, edited, of another log or
  signed by another key. None of these is appended to: the run stops before a new signature would cover it.

What does not show, or only otherwise:

- who holds the signing key can write the whole record anew. Keep it from those who are recorded, where that
  matters; here it lies in the configuration folder of the user who runs the redactor;
- an older log put back together with its own older head, the log of another OUT with its head, or none after
  both were removed, is a record that fits. It shows only against a head that was kept elsewhere (``redactor
  audit verify --head``, a certificate, a package);
- lines behind the head are not signed. There are some only when a process was killed between the log and its
  head, but anybody who can write the file could have put them there, or cut them off. The next append keeps
  those that chain and cuts off a torn last line, and puts both on record: "adopted" (first and last line),
  "repaired" (number and SHA-256 of the bytes removed). `Verdict.lines_after_head` says how many there are now;
- whether what was recorded is true. ``who`` is the login name of the process that wrote, as the system tells
  it; times are the machine's.
"""

from redactor.audit.head import Head, head_file, read_head
from redactor.audit.keys import (
    PublicKey,
    SigningKey,
    default_signing_key,
    load_public_key,
    load_signing_key,
    public_file,
)
from redactor.audit.lines import Event, keyed_digest, word
from redactor.audit.log import LOG_NAME, AuditLog
from redactor.audit.verdict import Verdict, judge, verify

__all__ = [
    "LOG_NAME",
    "AuditLog",
    "Event",
    "Head",
    "PublicKey",
    "SigningKey",
    "Verdict",
    "default_signing_key",
    "head_file",
    "judge",
    "keyed_digest",
    "load_public_key",
    "load_signing_key",
    "public_file",
    "read_head",
    "verify",
    "word",
]
