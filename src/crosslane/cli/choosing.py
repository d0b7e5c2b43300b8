"""Which execution is meant: the one that a push started, rather than one more or the one before it."""

from __future__ import annotations

from functools import partial

import click

from crosslane.cli.pipeline import Site, caller_in
from crosslane.errors import EnvironmentFailure, OutcomeError
from crosslane.pipeline.executions import Listed, await_commit, list_executions, newest_of
from crosslane.pipeline.follow import Watch, patiently
from crosslane.pipeline.model import SHORT_ID
from crosslane.pipeline.start import tip_of


def tip(site: Site, branch: str) -> str:
    """The commit of a branch of the source's repository, as who may read it there. Raises as ``tip_of``."""
    config = site.world.config
    source = config.pipeline.source
    return tip_of(caller_in(site.world, config.account(source.account)), source.repository, branch)


def under_way(site: Site, commit: str | None) -> str | None:
    """The execution that is under way for the commit, None being the tip of the pipeline's branch; told if there is
    one. None if there is none, or nobody here may ask.

    A tip that no execution has run was pushed just now: the execution that its push starts is waited for.
    """
    watch = site.watch(_say_lost)
    if commit is not None:
        found = newest_of(_listed(site, watch), commit)
    elif (wanted := _tip_if_known(site)) is None:
        return None
    else:
        commit = wanted
        found, _ = _awaited(site, commit, watch)
    if found is None or found.status.final:
        return None
    why = f" (started by {found.trigger})" if found.trigger else ""
    click.echo(
        f"execution {found.id} runs commit {commit[:SHORT_ID]} already{why}; --new starts another one",
        err=True,
    )
    return found.id


def of_commit(site: Site, commit: str, *, wait: bool) -> str:
    """The newest execution of the commit, waited for if so wished. ``OutcomeError`` if there is none."""
    watch = site.watch(_say_lost)
    found = _awaited(site, commit, watch)[0] if wait else newest_of(_listed(site, watch), commit)
    if found is None:
        raise OutcomeError(
            f"no execution of {site.place.name} runs commit {commit}",
            "NoExecution",
            site.place.account,
            f"crosslane run --commit {commit} starts one",
        )
    return found.id


def latest_to_follow(site: Site) -> str | None:
    """The latest execution; if the branch's tip has none yet, the one that its push starts, which is waited for.

    None if the pipeline has never run. ``OutcomeError`` if the tip's does not come and nothing else is under way: what
    ran before the push is not what is meant.
    """
    watch = site.watch(_say_lost)
    listed = _listed(site, watch)
    wanted = _tip_if_known(site)
    if wanted is not None and newest_of(listed, wanted) is None:
        found, listed = _awaited(site, wanted, watch)
        if found is not None:
            return found.id
        if not listed or listed[0].status.final:
            raise OutcomeError(
                f"commit {wanted[:SHORT_ID]}, the tip of {site.world.config.pipeline.source.branch}, has not run, and "
                "no push has started it",
                "NoExecution",
                site.place.account,
                "crosslane run starts it",
            )
        click.echo(f"commit {wanted[:SHORT_ID]} has not run; following the latest execution instead", err=True)
    return listed[0].id if listed else None


def _awaited(site: Site, commit: str, watch: Watch) -> tuple[Listed | None, tuple[Listed, ...]]:
    """The newest execution of a commit and the last list; said if it has to be waited for."""
    listed = _listed(site, watch)
    if (found := newest_of(listed, commit)) is not None:
        return found, listed
    click.echo(f"commit {commit[:SHORT_ID]} has not run; waiting for the execution that its push starts", err=True)
    return await_commit(partial(_listed, site, watch), commit, watch, site.pace.starts)


def _tip_if_known(site: Site) -> str | None:
    """The tip of the pipeline's own branch; None where there is none, or nobody here may ask."""
    try:
        return tip(site, site.world.config.pipeline.source.branch)
    except (OutcomeError, EnvironmentFailure):
        return None


def _listed(site: Site, watch: Watch) -> tuple[Listed, ...]:
    return patiently(partial(list_executions, site.tools, site.place.name), watch)


def _say_lost(error: EnvironmentFailure) -> None:
    click.echo(f"no answer, trying again: {error}", err=True)
