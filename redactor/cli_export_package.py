"""The command line of ``redactor export`` from the canary on, and of the person who gets a package."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from redactor.cli_options import (
    add_folder,
    add_json,
    add_passphrase,
    add_request_id,
    add_subject_key,
    filled,
)

if TYPE_CHECKING:
    from redactor.commands.export import Signing


def add_package(actions: argparse._SubParsersAction) -> None:
    """Add what comes after the approvals."""
    for add in (
        _add_canary, _add_confirm, _add_deny, _add_extend, _add_seal, _add_release, _add_recall, _add_expire,
        _add_list, _add_show, _add_open, _add_verify,
    ):  # fmt: skip
        add(actions)


def _add_canary(actions: argparse._SubParsersAction) -> None:
    canary = actions.add_parser("canary", help="seal strict transcripts of a few recordings, to be confirmed")
    add_folder(canary)
    add_request_id(canary)
    _add_signing(canary)
    canary.add_argument(
        "--within", type=float, default=14.0, metavar="DAYS", help="silence for so long stops it (14)"
    )
    add_subject_key(canary)

    def call(arguments: argparse.Namespace) -> int:
        from redactor.commands.export import export_canary

        return export_canary(
            arguments.out,
            request=arguments.request,
            signing=_signing(arguments),
            within_days=arguments.within,
            private=arguments.private,
            subject_key=arguments.subject_key,
        )

    canary.set_defaults(call=call)


def _add_confirm(actions: argparse._SubParsersAction) -> None:
    confirm = actions.add_parser("confirm", help="hold what the recipient told by another way to the catalog")
    add_folder(confirm)
    add_request_id(confirm)
    confirm.add_argument(
        "--fact", action="append", default=[], metavar="FACT",
        help="calls:YYYY-MM=N, first=DAY, last=DAY, device=NAME, account=ID; two kinds at least"
    )
    confirm.add_argument("--facts-file", type=Path, metavar="FILE", help="one a line; mode 0600")
    add_subject_key(confirm)

    def call(arguments: argparse.Namespace) -> int:
        from redactor.commands.export import export_confirm

        return export_confirm(
            arguments.out,
            request=arguments.request,
            facts=arguments.fact,
            facts_file=arguments.facts_file,
            private=arguments.private,
            subject_key=arguments.subject_key,
        )

    confirm.set_defaults(call=call)


def _add_deny(actions: argparse._SubParsersAction) -> None:
    deny = actions.add_parser("deny", help="somebody says no: stop the request and open an incident")
    add_folder(deny)
    add_request_id(deny)
    deny.add_argument("--reason", default="denied", metavar="WORD", help="your word for it (denied)")

    def call(arguments: argparse.Namespace) -> int:
        from redactor.commands.export import export_deny

        return export_deny(
            arguments.out, request=arguments.request, reason=arguments.reason, private=arguments.private
        )

    deny.set_defaults(call=call)


def _add_extend(actions: argparse._SubParsersAction) -> None:
    extend = actions.add_parser("extend", help="two more months for a request, once, within the first")
    add_folder(extend)
    add_request_id(extend)
    extend.add_argument("--reason", required=True, metavar="WORD", help="why, as the requester is told")

    def call(arguments: argparse.Namespace) -> int:
        from redactor.commands.export import export_extend

        return export_extend(
            arguments.out, request=arguments.request, reason=arguments.reason, private=arguments.private
        )

    extend.set_defaults(call=call)


def _add_seal(actions: argparse._SubParsersAction) -> None:
    seal = actions.add_parser("seal", help="write the package; it opens for nobody before the release")
    add_folder(seal)
    add_request_id(seal)
    _add_signing(seal)
    seal.add_argument(
        "--expires", type=float, default=30.0, metavar="DAYS", help="without a release until then it ends (30)"
    )
    add_subject_key(seal)

    def call(arguments: argparse.Namespace) -> int:
        from redactor.commands.export import export_seal

        return export_seal(
            arguments.out,
            request=arguments.request,
            signing=_signing(arguments),
            days=arguments.expires,
            private=arguments.private,
            subject_key=arguments.subject_key,
        )

    seal.set_defaults(call=call)


def _add_release(actions: argparse._SubParsersAction) -> None:
    release = actions.add_parser("release", help="hand the inner identity over, once")
    add_folder(release)
    add_request_id(release)
    release.add_argument("--identity-file", type=Path, metavar="FILE", help="to write; stdout otherwise")
    add_subject_key(release)

    def call(arguments: argparse.Namespace) -> int:
        from redactor.commands.export import export_release

        return export_release(
            arguments.out,
            request=arguments.request,
            identity_file=arguments.identity_file,
            private=arguments.private,
            subject_key=arguments.subject_key,
        )

    release.set_defaults(call=call)


def _add_recall(actions: argparse._SubParsersAction) -> None:
    recall = actions.add_parser("recall", help="make a package worthless that was not handed over")
    add_folder(recall)
    add_request_id(recall)

    def call(arguments: argparse.Namespace) -> int:
        from redactor.commands.export import export_recall

        return export_recall(arguments.out, request=arguments.request, private=arguments.private)

    recall.set_defaults(call=call)


def _add_expire(actions: argparse._SubParsersAction) -> None:
    expire = actions.add_parser("expire", help="end a request, or all whose time is over")
    add_folder(expire)
    expire.add_argument(
        "request", nargs="?", type=filled, metavar="ID", help="this one, whatever its time"
    )

    def call(arguments: argparse.Namespace) -> int:
        from redactor.commands.export import export_expire

        return export_expire(arguments.out, request=arguments.request, private=arguments.private)

    expire.set_defaults(call=call)


def _add_list(actions: argparse._SubParsersAction) -> None:
    listing = actions.add_parser("list", help="all requests with their deadlines, what is overdue first")
    add_folder(listing)
    add_json(listing)

    def call(arguments: argparse.Namespace) -> int:
        from redactor.commands.export_requests import export_list

        return export_list(arguments.out, private=arguments.private, as_json=arguments.as_json)

    listing.set_defaults(call=call)


def _add_show(actions: argparse._SubParsersAction) -> None:
    show = actions.add_parser("show", help="one request: how far it is, and who did what when")
    add_folder(show)
    add_request_id(show)
    add_json(show)

    def call(arguments: argparse.Namespace) -> int:
        from redactor.commands.export_requests import export_show

        return export_show(
            arguments.out, request=arguments.request, private=arguments.private, as_json=arguments.as_json
        )

    show.set_defaults(call=call)


def _add_open(actions: argparse._SubParsersAction) -> None:
    unpack = actions.add_parser("open", help="for the recipient: unpack a sealed package, all of it or nothing")
    unpack.add_argument("file", type=Path, metavar="FILE")
    unpack.add_argument("--identity", type=Path, required=True, metavar="FILE", help="your own (age)")
    unpack.add_argument("--inner", type=Path, required=True, metavar="FILE", help="that which was handed over")
    unpack.add_argument("--to", type=Path, required=True, metavar="DIR", help="folder to make")
    unpack.add_argument("--root-key", type=Path, metavar="FILE", help="the sender's, got by another way")
    add_json(unpack)

    def call(arguments: argparse.Namespace) -> int:
        from redactor.commands.export_package import export_open
        from redactor.export.sealing import trust_in

        return export_open(
            arguments.file,
            identity=arguments.identity,
            inner=arguments.inner,
            to=arguments.to,
            root_key=arguments.root_key,
            as_json=arguments.as_json,
            trust_in=trust_in,
        )

    unpack.set_defaults(call=call)


def _add_verify(actions: argparse._SubParsersAction) -> None:
    verify = actions.add_parser("verify", help="for the recipient: check every file and every signature")
    verify.add_argument("target", type=Path, metavar="PATH", help="folder of an opened one, or sealed file")
    verify.add_argument("--root-key", type=Path, required=True, metavar="FILE", help="the sender's")
    verify.add_argument("--identity", type=Path, metavar="FILE", help="your own, for a sealed file")
    verify.add_argument("--inner", type=Path, metavar="FILE", help="the one that was handed over, likewise")
    add_json(verify)

    def call(arguments: argparse.Namespace) -> int:
        from redactor.commands.export_package import export_verify
        from redactor.export.sealing import trust_in

        return export_verify(
            arguments.target,
            root_key=arguments.root_key,
            identity=arguments.identity,
            inner=arguments.inner,
            as_json=arguments.as_json,
            trust_in=trust_in,
        )

    verify.set_defaults(call=call)


def _add_signing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--key", type=Path, required=True, metavar="FILE", help="the handler's or root key")
    parser.add_argument("--organisation", required=True, metavar="TEXT", help="who sends it, for its README")
    parser.add_argument("--contact", required=True, metavar="TEXT", help="who answers questions about it")
    parser.add_argument("--authority", metavar="TEXT", help="the supervisory authority that complaints go to")
    add_passphrase(parser)


def _signing(arguments: argparse.Namespace) -> Signing:
    from redactor.commands.export import Signing

    return Signing(
        key=arguments.key,
        passphrase_file=arguments.passphrase_file,
        organisation=arguments.organisation,
        contact=arguments.contact,
        authority=arguments.authority,
    )
