"""The command line of ``redactor catalog``, ``purge`` and ``export`` up to the approvals of a request."""

from __future__ import annotations

import argparse
from pathlib import Path

from redactor.cli_export_package import add_package
from redactor.cli_options import add_folder, add_json, add_passphrase, add_request_id, add_subject_key


def add_export(commands: argparse._SubParsersAction) -> None:
    """Add ``catalog``, ``export`` and ``purge`` to the parsers of the commands."""
    catalog = commands.add_parser("catalog", help="whose recording is which")
    actions = catalog.add_subparsers(required=True, metavar="ACTION")
    for add in (_add_catalog_import, _add_catalog_status):
        add(actions)
    export = commands.add_parser("export", help="the right recordings to the right person")
    actions = export.add_subparsers(required=True, metavar="ACTION")
    for add in (
        _add_keygen, _add_enroll, _add_revoke, _add_request, _add_identity, _add_recipient, _add_plan,
        _add_approve, _add_approve_file,
    ):  # fmt: skip
        add(actions)
    add_package(actions)
    _add_purge(commands)


def _add_catalog_import(actions: argparse._SubParsersAction) -> None:
    read = actions.add_parser("import", help="take it out of a file or a database, and check it")
    add_folder(read)
    read.add_argument("source", metavar="SOURCE", help="a CSV, JSONL or Parquet file, or an SQLAlchemy URL")
    read.add_argument("--query", metavar="SQL", help="what to ask the database of a URL")
    read.add_argument(
        "--column", action="append", default=[], metavar="OURS=THEIRS", help="where a column has another name"
    )
    read.add_argument(
        "--replace", action="store_true", help="let recordings change their owner or input, or lose one"
    )
    add_subject_key(read)
    add_json(read)

    def call(arguments: argparse.Namespace) -> int:
        from redactor.commands.catalog import catalog_import

        return catalog_import(
            arguments.out,
            source=arguments.source,
            query=arguments.query,
            columns=arguments.column,
            replace=arguments.replace,
            private=arguments.private,
            subject_key=arguments.subject_key,
            as_json=arguments.as_json,
        )

    read.set_defaults(call=call)


def _add_catalog_status(actions: argparse._SubParsersAction) -> None:
    status = actions.add_parser("status", help="how much it knows; numbers only")
    add_folder(status)
    add_json(status)

    def call(arguments: argparse.Namespace) -> int:
        from redactor.commands.catalog import catalog_status

        return catalog_status(arguments.out, private=arguments.private, as_json=arguments.as_json)

    status.set_defaults(call=call)


def _add_keygen(actions: argparse._SubParsersAction) -> None:
    keygen = actions.add_parser("keygen", help="make a person's key, or the root key; its owner keeps it")
    keygen.add_argument("file", type=Path, metavar="FILE", help="to write; the public half beside it as .pub")
    add_passphrase(keygen)

    def call(arguments: argparse.Namespace) -> int:
        from redactor.commands.export_keys import export_keygen

        return export_keygen(arguments.file, passphrase_file=arguments.passphrase_file)

    keygen.set_defaults(call=call)


def _add_enroll(actions: argparse._SubParsersAction) -> None:
    enroll = actions.add_parser("enroll", help="have a person's key count, signed by the root key")
    add_folder(enroll)
    enroll.add_argument("public_key", type=Path, metavar="FILE", help="public half of their key")
    enroll.add_argument("--root-key", type=Path, required=True, metavar="FILE")
    enroll.add_argument("--person", required=True, metavar="ID", help="small letters, digits and -; no name")
    enroll.add_argument("--role", choices=("approver", "handler"), default="approver", help="(approver)")
    enroll.add_argument("--valid-days", type=int, default=365, metavar="N", help="(365)")
    add_passphrase(enroll)

    def call(arguments: argparse.Namespace) -> int:
        from redactor.commands.export_keys import export_enroll

        return export_enroll(
            arguments.out,
            root_key=arguments.root_key,
            public_key=arguments.public_key,
            person=arguments.person,
            role=arguments.role,
            valid_days=arguments.valid_days,
            passphrase_file=arguments.passphrase_file,
            private=arguments.private,
        )

    enroll.set_defaults(call=call)


def _add_revoke(actions: argparse._SubParsersAction) -> None:
    revoke = actions.add_parser("revoke", help="have a key count no more, nor anything that it has signed")
    add_folder(revoke)
    revoke.add_argument("fingerprint", metavar="FINGERPRINT", help="as `export enroll` printed it")
    revoke.add_argument("--root-key", type=Path, required=True, metavar="FILE")
    add_passphrase(revoke)

    def call(arguments: argparse.Namespace) -> int:
        from redactor.commands.export_keys import export_revoke

        return export_revoke(
            arguments.out,
            root_key=arguments.root_key,
            fingerprint=arguments.fingerprint,
            passphrase_file=arguments.passphrase_file,
            private=arguments.private,
        )

    revoke.set_defaults(call=call)


def _add_request(actions: argparse._SubParsersAction) -> None:
    request = actions.add_parser("request", help="open a request; who it is about is asked for")
    add_folder(request)
    request.add_argument(
        "--purpose", choices=("subject-access", "research", "training", "disclosure"), default="subject-access",
        help="(subject-access)"
    )
    request.add_argument("--handler", required=True, metavar="ID", help="who handles it, and cannot approve it")
    request.add_argument("--note", default="", metavar="TEXT", help="legal note; shown by `export show` alone")
    request.add_argument("--subject-file", type=Path, metavar="FILE", help="in place of asking; mode 0600")
    request.add_argument("--policy", metavar="NAME|FILE", help="another than the run's")
    request.add_argument("--transcripts-only", action="store_true", help="no audio")
    request.add_argument("--keep-own", action="store_true", help="leave what is their own, see plan --own")
    add_subject_key(request)

    def call(arguments: argparse.Namespace) -> int:
        from redactor.commands.export_requests import Wish, export_request

        return export_request(
            arguments.out,
            wish=Wish(
                purpose=arguments.purpose,
                handler=arguments.handler,
                note=arguments.note,
                policy=arguments.policy,
                transcripts_only=arguments.transcripts_only,
                keep_own=arguments.keep_own,
            ),
            subject_file=arguments.subject_file,
            private=arguments.private,
            subject_key=arguments.subject_key,
        )

    request.set_defaults(call=call)


def _add_identity(actions: argparse._SubParsersAction) -> None:
    identity = actions.add_parser("verify-identity", help="keep how the requester was proven to be the subject")
    add_folder(identity)
    add_request_id(identity)
    identity.add_argument("--reference", required=True, metavar="WORD", help="where the proof is kept")
    identity.add_argument("--second-factor", required=True, metavar="WORD", help="how it was confirmed besides")

    def call(arguments: argparse.Namespace) -> int:
        from redactor.commands.export_requests import export_verify_identity

        return export_verify_identity(
            arguments.out,
            request=arguments.request,
            reference=arguments.reference,
            second_factor=arguments.second_factor,
            private=arguments.private,
        )

    identity.set_defaults(call=call)


def _add_recipient(actions: argparse._SubParsersAction) -> None:
    recipient = actions.add_parser("recipient", help="keep the recipient's public key, and how it was proven")
    add_folder(recipient)
    add_request_id(recipient)
    recipient.add_argument("recipient", metavar="KEY", help="age1..., as age-keygen prints it")
    recipient.add_argument("--proof", required=True, metavar="WORD", help="how it was proven to be theirs")

    def call(arguments: argparse.Namespace) -> int:
        from redactor.commands.export_requests import export_recipient

        return export_recipient(
            arguments.out,
            request=arguments.request,
            recipient=arguments.recipient,
            proof=arguments.proof,
            private=arguments.private,
        )

    recipient.set_defaults(call=call)


def _add_plan(actions: argparse._SubParsersAction) -> None:
    plan = actions.add_parser("plan", help="freeze what goes in, and say what is left out and why")
    add_folder(plan)
    add_request_id(plan)
    plan.add_argument("--recordings", type=Path, metavar="FILE", help="a NAME a line; not for access")
    plan.add_argument("--subjects", type=Path, metavar="FILE", help="an id of a subject a line; likewise")
    plan.add_argument("--own", type=Path, metavar="FILE", help="identifiers of theirs that may stay audible")
    plan.add_argument("--check", action="store_true", help="have what nobody checked checked now")
    add_subject_key(plan)
    add_json(plan)

    def call(arguments: argparse.Namespace) -> int:
        from redactor.commands.export_requests import export_plan

        return export_plan(
            arguments.out,
            request=arguments.request,
            recordings=arguments.recordings,
            subjects=arguments.subjects,
            own=arguments.own,
            check=arguments.check,
            private=arguments.private,
            subject_key=arguments.subject_key,
            as_json=arguments.as_json,
        )

    plan.set_defaults(call=call)


def _add_approve(actions: argparse._SubParsersAction) -> None:
    approve = actions.add_parser("approve", help="sign, as one of two, for what a request holds and for whom")
    add_folder(approve)
    add_request_id(approve)
    approve.add_argument("--key", type=Path, required=True, metavar="FILE", help="your own")
    approve.add_argument("--manifest", type=Path, metavar="FILE", help="a copy that you looked into")
    approve.add_argument("--subject-file", type=Path, metavar="FILE", help="in place of typing it; mode 0600")
    approve.add_argument("--expires-hours", type=float, default=336.0, metavar="H", help="(336, two weeks)")
    approve.add_argument("--to", type=Path, metavar="PATH", help="file or folder (private/export/approvals)")
    add_passphrase(approve)
    add_subject_key(approve)

    def call(arguments: argparse.Namespace) -> int:
        from redactor.commands.export_keys import export_approve
        from redactor.commands.export_requests import check_afresh

        places = {"private": arguments.private, "subject_key": arguments.subject_key}
        return export_approve(
            arguments.out,
            request=arguments.request,
            manifest=arguments.manifest,
            key=arguments.key,
            passphrase_file=arguments.passphrase_file,
            subject_file=arguments.subject_file,
            expires_hours=arguments.expires_hours,
            to=arguments.to,
            check=check_afresh(arguments.out, **places),
            **places,
        )

    approve.set_defaults(call=call)


def _add_approve_file(actions: argparse._SubParsersAction) -> None:
    take = actions.add_parser("approve-file", help="take an approval that `export approve` has written")
    add_folder(take)
    add_request_id(take)
    take.add_argument("approval", type=Path, metavar="FILE")
    add_subject_key(take)

    def call(arguments: argparse.Namespace) -> int:
        from redactor.commands.export_requests import export_approve_file

        return export_approve_file(
            arguments.out,
            request=arguments.request,
            approval=arguments.approval,
            private=arguments.private,
            subject_key=arguments.subject_key,
        )

    take.set_defaults(call=call)


def _add_purge(commands: argparse._SubParsersAction) -> None:
    purge = commands.add_parser("purge", help="remove what exports that ended left behind")
    add_folder(purge)
    purge.add_argument("--older-than", type=float, required=True, metavar="DAYS", help="since their last event")
    purge.add_argument(
        "--cleared-up", action="append", default=[], metavar="ID", help="also one whose incident is; repeat it"
    )
    purge.add_argument("--yes", action="store_true", help="do it; without, it is said and no more")
    add_json(purge)

    def call(arguments: argparse.Namespace) -> int:
        from redactor.commands.purge import purge

        return purge(
            arguments.out,
            older_than=arguments.older_than,
            cleared_up=arguments.cleared_up,
            yes=arguments.yes,
            private=arguments.private,
            as_json=arguments.as_json,
        )

    purge.set_defaults(call=call)
