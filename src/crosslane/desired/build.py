"""From the config to everything that should exist: the one entry of this room. Pure: no call, no file, no clock."""

from __future__ import annotations

from crosslane.config.model import Config
from crosslane.desired import names
from crosslane.desired.bootstrap.made import made_by
from crosslane.desired.bootstrap.state import bootstrap_state
from crosslane.desired.cautions import cautions
from crosslane.desired.model import PIPELINE_TAG, TOOLS_TAG, Desired, Repository, Stack, Tags
from crosslane.desired.stacks.pipeline import pipeline_stack
from crosslane.desired.stacks.prerequisites import prerequisites_stack
from crosslane.desired.stacks.source import source_stack
from crosslane.desired.stacks.target import target_stack
from crosslane.desired.topology import bootstrapped, source_account, targets
from crosslane.errors import UsageError


def desired_state(
    config: Config, *, sso_role_name: str | None = None, configured: frozenset[str] = frozenset()
) -> Desired:
    """Everything that ``config`` asks for; the same config gives the same bytes.

    ``sso_role_name`` is the role of the person's sign-in (``AWSReservedSSO_SET_HEX``), for mode ``keyless`` where the
    config names no permission set; without both, the set is ``AdministratorAccess``. ``configured`` names the stages
    whose parameters the app keeps in ``STAGE.json`` beside its template (CodePipeline's template configuration): a
    deploy action fails if the build does not hand on the file that it names, so it names only what exists. Raises
    UsageError where names are so long that AWS's quotas for policies cannot be kept, or where two roles would share
    one.
    """
    tags = tags_of(config)
    stacks = stacks_of(config, configured)
    _refuse_shared_role_names(config, stacks)
    return Desired(
        pipeline_name=names.pipeline_name(config),
        pipeline_arn=names.pipeline_arn(config),
        tags=tags,
        bootstraps=tuple(
            bootstrap_state(
                config,
                account,
                tuple(stack for stack in stacks if config.account(stack.account).id == account.id),
                tags,
                sso_role_name,
            )
            for account in bootstrapped(config)
        ),
        repository=Repository(
            account=source_account(config).name,
            region=config.pipeline.region,
            name=config.pipeline.source.repository,
            arn=names.repository_arn(config),
            tags=tags,
        ),
        stacks=stacks,
        cautions=cautions(config),
    )


def tags_of(config: Config) -> Tags:
    """The two tags that say whose a thing is."""
    return ((PIPELINE_TAG, config.pipeline.name), (TOOLS_TAG, config.tools.id))


def stacks_of(config: Config, configured: frozenset[str] = frozenset()) -> tuple[Stack, ...]:
    """All stacks, by level: key and bucket first, because the key's ARN is random; the pipeline last."""
    tags = tags_of(config)
    return (
        prerequisites_stack(config, tags),
        source_stack(config, tags),
        *(target_stack(config, target, position, tags) for position, target in enumerate(targets(config))),
        pipeline_stack(config, tags, configured),
    )


def _refuse_shared_role_names(config: Config, stacks: tuple[Stack, ...]) -> None:
    """Two roles of one account need two names; IAM does not tell upper from lower case. Raises UsageError.

    The config's own check sees the names that a config gives, not those that follow from them
    (``PIPELINE-start-role``, ``PIPELINE-events-role``).
    """
    taken = {(account.id, config.bootstrap.role.lower()) for account in bootstrapped(config)}
    for stack in stacks:
        account = config.account(stack.account)
        for made in made_by([stack]):
            for role in made.names if made.type == "AWS::IAM::Role" else ():
                if (account.id, role.lower()) in taken:
                    raise UsageError(
                        f'two roles in the account would have the name "{role}"',
                        code="DuplicateName",
                        account=account.name,
                        next="choose other role names under [names] or [bootstrap]",
                    )
                taken.add((account.id, role.lower()))
