"""The command line of ``redactor review``: options in, calls to redactor/commands."""

from __future__ import annotations

import argparse
from pathlib import Path

from redactor.cli_options import add_folder, add_json


def add_review(commands: argparse._SubParsersAction) -> None:
    """Add ``review`` and its actions to the parsers of the commands."""
    review = commands.add_parser("review", help="have people check what is released, and say what that shows")
    actions = review.add_subparsers(required=True, metavar="ACTION")
    for add in (
        _add_sample, _add_invite, _add_revoke, _add_people, _add_serve, _add_apply, _add_search,
        _add_certificate, _add_tasks, _add_import,
    ):  # fmt: skip
        add(actions)


def _add_sample(actions: argparse._SubParsersAction) -> None:
    sample = actions.add_parser("sample", help="freeze what is released and draw what is to be heard, once")
    add_folder(sample)
    sample.add_argument("--confidence", type=float, default=0.95, metavar="P", help="to be so sure (0.95)")
    sample.add_argument(
        "--max-leak-rate", type=float, default=0.01, metavar="P", help="that at most this share leaks (0.01)"
    )
    sample.add_argument("--allow", type=int, default=0, metavar="N", help="leaking ones that may be found (0)")
    sample.add_argument(
        "--slot", type=float, default=120.0, metavar="S",
        help="cut longer recordings into pieces of so many seconds (120)"
    )
    sample.add_argument("--whole", action="store_true", help="cut none; each recording is one unit")
    sample.add_argument(
        "--strata", metavar="WHAT", help="channels, language, or a CSV file with the column `recording`"
    )
    sample.add_argument("--column", metavar="NAME", help="the column of that file that has the strata")
    sample.add_argument("--bound-each", action="store_true", help="show it of each stratum by itself")
    sample.add_argument(
        "--double", type=float, default=0.1, metavar="P", help="share that two people have to hear (0.1)"
    )
    sample.add_argument("--planted", type=int, default=30, metavar="N", help="leaks of our own among them (30)")
    sample.add_argument("--targeted", type=int, default=20, metavar="N", help="risky recordings, apart (20)")
    add_json(sample)

    def call(arguments: argparse.Namespace) -> int:
        from redactor.commands.review_sample import SampleOptions, review_sample
        from redactor.review.drawing import Extras
        from redactor.review.sampling import Wish

        return review_sample(
            SampleOptions(
                out=arguments.out,
                private=arguments.private,
                wish=Wish(
                    confidence=arguments.confidence,
                    max_leak_rate=arguments.max_leak_rate,
                    allowed=arguments.allow,
                    slot_s=None if arguments.whole else arguments.slot,
                    bound_each=arguments.bound_each,
                ),
                extras=Extras(
                    double_share=arguments.double,
                    num_planted=arguments.planted,
                    num_targeted=arguments.targeted,
                ),
                strata=arguments.strata,
                column=arguments.column,
                as_json=arguments.as_json,
            )
        )

    sample.set_defaults(call=call)


def _add_invite(actions: argparse._SubParsersAction) -> None:
    invite = actions.add_parser("invite", help="print a link for one person; it works once")
    add_folder(invite)
    invite.add_argument("--label", required=True, metavar="WORD", help="your word for them")
    invite.add_argument(
        "--role", choices=("reviewer", "operator"), default="reviewer", help="who listens, or who decides"
    )
    invite.add_argument("--hours", type=float, default=72.0, metavar="H", help="until it expires (72)")
    invite.add_argument(
        "--url", default="http://127.0.0.1:8765", metavar="URL", help="where they reach the server"
    )
    add_json(invite)

    def call(arguments: argparse.Namespace) -> int:
        from redactor.commands.review_serve import review_invite

        return review_invite(
            arguments.out,
            private=arguments.private,
            label=arguments.label,
            role=arguments.role,
            hours=arguments.hours,
            base_url=arguments.url,
            as_json=arguments.as_json,
        )

    invite.set_defaults(call=call)


def _add_revoke(actions: argparse._SubParsersAction) -> None:
    revoke = actions.add_parser("revoke", help="end a person's links and sessions")
    add_folder(revoke)
    revoke.add_argument("reviewer", metavar="ID", help="as `review people` names them")

    def call(arguments: argparse.Namespace) -> int:
        from redactor.commands.review_serve import review_revoke

        return review_revoke(arguments.out, private=arguments.private, reviewer=arguments.reviewer)

    revoke.set_defaults(call=call)


def _add_people(actions: argparse._SubParsersAction) -> None:
    people = actions.add_parser("people", help="who was invited, and how far they are")
    add_folder(people)
    add_json(people)

    def call(arguments: argparse.Namespace) -> int:
        from redactor.commands.review_serve import review_people

        return review_people(arguments.out, private=arguments.private, as_json=arguments.as_json)

    people.set_defaults(call=call)


def _add_serve(actions: argparse._SubParsersAction) -> None:
    serve = actions.add_parser("serve", help="the page on which reviewers hear what was drawn for them")
    add_folder(serve)
    serve.add_argument("--host", default="127.0.0.1", help="another address needs TLS (127.0.0.1)")
    serve.add_argument("--port", type=int, default=8765, help="(8765)")
    serve.add_argument("--tls-cert", type=Path, metavar="FILE", help="certificate chain, PEM")
    serve.add_argument("--tls-key", type=Path, metavar="FILE", help="its private key, PEM")

    def call(arguments: argparse.Namespace) -> int:
        from redactor.commands.review_serve import review_serve

        return review_serve(
            arguments.out,
            private=arguments.private,
            host=arguments.host,
            port=arguments.port,
            tls_cert=arguments.tls_cert,
            tls_key=arguments.tls_key,
        )

    serve.set_defaults(call=call)


def _add_apply(actions: argparse._SubParsersAction) -> None:
    apply = actions.add_parser("apply", help="mute what people found, and check those recordings again")
    add_folder(apply)
    add_json(apply)
    apply.add_argument("-v", "--verbose", action="store_true", help="a line for every recording")

    def call(arguments: argparse.Namespace) -> int:
        from redactor.commands.review_apply import review_apply

        return review_apply(
            arguments.out, private=arguments.private, as_json=arguments.as_json, verbose=arguments.verbose
        )

    apply.set_defaults(call=call)


def _add_search(actions: argparse._SubParsersAction) -> None:
    search = actions.add_parser("search", help="look in all that is released for what a finding says")
    add_folder(search)
    search.add_argument("finding", metavar="ID", help="of a finding, as the operator's page names it")
    search.add_argument("--yes", action="store_true", help="do it; without, the cost is stated and no more")
    add_json(search)

    def call(arguments: argparse.Namespace) -> int:
        from redactor.commands.review_search import review_search_finding

        return review_search_finding(
            arguments.out,
            finding=arguments.finding,
            private=arguments.private,
            yes=arguments.yes,
            as_json=arguments.as_json,
        )

    search.set_defaults(call=call)


def _add_certificate(actions: argparse._SubParsersAction) -> None:
    certificate = actions.add_parser("certificate", help="what a review shows, as a page and as JSON")
    add_folder(certificate)
    certificate.add_argument("--lot", metavar="ID", help="of an earlier draw (the last one)")
    certificate.add_argument("--to", type=Path, metavar="DIR", help="where to write (OUT/private/review)")
    add_json(certificate)

    def call(arguments: argparse.Namespace) -> int:
        from redactor.commands.review_certificate import review_certificate

        return review_certificate(
            arguments.out,
            private=arguments.private,
            lot=arguments.lot,
            to=arguments.to,
            as_json=arguments.as_json,
        )

    certificate.set_defaults(call=call)


def _add_tasks(actions: argparse._SubParsersAction) -> None:
    tasks = actions.add_parser("tasks", help="hand what is to be heard to somebody's own tool")
    add_folder(tasks)
    _add_exchange(tasks)
    tasks.add_argument("--lot", metavar="ID", help="of an earlier draw (the last one)")
    tasks.add_argument("--to", type=Path, required=True, metavar="DIR", help="folder to make")
    tasks.add_argument("--audio-prefix", metavar="URL", help="in front of the clips' names, for Label Studio")
    add_json(tasks)

    def call(arguments: argparse.Namespace) -> int:
        from redactor.commands.review_tasks import review_tasks

        return review_tasks(
            arguments.out,
            private=arguments.private,
            lot=arguments.lot,
            reviewer=arguments.reviewer,
            format=arguments.format,
            to=arguments.to,
            audio_prefix=arguments.audio_prefix,
            as_json=arguments.as_json,
        )

    tasks.set_defaults(call=call)


def _add_import(actions: argparse._SubParsersAction) -> None:
    read = actions.add_parser("import", help="read the verdicts that such a tool wrote")
    add_folder(read)
    _add_exchange(read)
    read.add_argument("file", type=Path, metavar="FILE", help="what the tool exported; Audacity: the folder")
    add_json(read)

    def call(arguments: argparse.Namespace) -> int:
        from redactor.commands.review_tasks import review_import

        return review_import(
            arguments.out,
            private=arguments.private,
            reviewer=arguments.reviewer,
            format=arguments.format,
            file=arguments.file,
            as_json=arguments.as_json,
        )

    read.set_defaults(call=call)


def _add_exchange(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--reviewer", required=True, metavar="ID", help="whose verdicts they are")
    parser.add_argument(
        "--format", choices=("label-studio", "audacity", "csv"), default="label-studio", help="(label-studio)"
    )
