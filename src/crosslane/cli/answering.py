"""What ``approve`` and ``reject`` share: find the gate, answer it as the person, say what was answered."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TypeVar

import click

from crosslane.cli.options import Invocation
from crosslane.cli.pipeline import opened_pipeline
from crosslane.errors import DONE
from crosslane.pipeline.approvals import Answer, answer_gate, check_comment, choose, read_state
from crosslane.pipeline.read import read_revisions
from crosslane.report.pipeline_text import revision_text

R = TypeVar("R")


def answer_options(function: Callable[..., R]) -> Callable[..., R]:
    """Give a click command what says which gate is meant, and why it is answered so."""
    for option in (
        click.option("--execution", "execution_id", metavar="ID", help="Only if it is this execution that waits."),
        click.option(
            "--comment", metavar="TEXT", help="Why; kept with the execution.  [default: that crosslane did it]"
        ),
        click.argument("stage", required=False, metavar="[STAGE]"),
    ):
        function = option(function)
    return function


def answered(
    invocation: Invocation, answer: Answer, stage: str | None, execution: str | None, comment: str | None
) -> int:
    """Answer the gate that is meant, as the person's own sign-in: the deployer has no right to, by design."""
    told = check_comment(f"{answer} with crosslane" if comment is None else comment)
    with opened_pipeline(invocation) as site:
        state = read_state(site.tools, site.place.name)
        gate = choose(state, stage=stage, execution=execution, account=site.place.account)
        revisions = read_revisions(site.tools, site.place.name, gate.execution)
        answer_gate(site.person, site.place.name, gate, answer, told)
        if invocation.json:
            click.echo(
                json.dumps(
                    {
                        "ok": True,
                        "error": None,
                        "pipeline": site.place.name,
                        "stage": gate.stage,
                        "action": gate.action,
                        "execution": gate.execution,
                        "answer": str(answer),
                        "comment": told,
                        "revisions": [
                            {"artifact": one.artifact, "id": one.id, "summary": one.summary} for one in revisions
                        ],
                    },
                    indent=2,
                )
            )
        else:
            what = ", ".join(revision_text(one) for one in revisions)
            click.echo(
                f"{str(answer).lower()} {gate.path} of execution {gate.execution}" + (f": {what}" if what else "")
            )
            click.echo(f"crosslane status --follow --execution {gate.execution}{site.flags} shows how it goes on")
        return DONE
