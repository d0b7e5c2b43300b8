"""The steps of the main script (rows S1 to S6): repository, stacks by level, the pipeline's own check."""

from __future__ import annotations

from collections.abc import Iterable

from crosslane.desired.model import Desired, OutputOf, Repository, Stack, Tags
from crosslane.live.model import Absent, Live, LiveStack, Owner, Unreadable, owner_of
from crosslane.plan.model import (
    Blocked,
    Conflict,
    Op,
    Part,
    PutRepository,
    PutStack,
    ReadOutputs,
    Step,
    VerifyPipeline,
    step_id,
)
from crosslane.plan.ownership import seen
from crosslane.plan.stacks import OutputLookup, decide_stack


def deploy_parts(
    desired: Desired,
    live: Live,
    *,
    ours: Tags,
    adopt: bool,
    ready: dict[str, tuple[str, ...]],
) -> tuple[Part, ...]:
    """The steps of all stacks, level by level; ``ready`` gives for each account the steps that come first."""
    parts: list[Part] = [_repository(desired.repository, live, ours, ready[desired.repository.account])]
    outputs = live_outputs(live)
    before: tuple[str, ...] = ()
    repository_step = step_id(desired.repository.account, "repository", desired.repository.name)
    levels = sorted({stack.level for stack in desired.stacks})
    for level in levels:
        stacks = [stack for stack in desired.stacks if stack.level == level]
        after = (*before, repository_step) if level == levels[-1] else before
        for stack in stacks:
            parts.append(_stack(stack, live, ours, adopt, outputs, (*ready[stack.account], *after)))
        before = tuple(step_id(stack.account, "stack", stack.name) for stack in stacks)
        for stack in stacks:
            wanted = _outputs_wanted(stack, desired.stacks)
            if wanted:
                read = _read_outputs(stack, wanted)
                parts.append(read)
                before = (*before, read.id)
    last = next(stack for stack in desired.stacks if stack.level == levels[-1])
    parts.append(
        Step(
            id=step_id(last.account, "pipeline", desired.pipeline_name),
            account=last.account,
            guide=None,
            title=f"pipeline {desired.pipeline_name}",
            op=Op.VERIFY,
            kind="pipeline",
            name=desired.pipeline_name,
            reason="its stages and roles are read",
            task=VerifyPipeline(last.account, desired.pipeline_name),
            after=before,
        )
    )
    return tuple(parts)


def live_outputs(live: Live) -> OutputLookup:
    """Outputs of the stacks as they are now."""

    def lookup(output: OutputOf) -> str | None:
        found = live.stacks.get((output.account, output.stack))
        return found.output(output.key) if isinstance(found, LiveStack) else None

    return lookup


def _repository(repository: Repository, live: Live, ours: Tags, after: tuple[str, ...]) -> Part:
    account, name = repository.account, repository.name
    found = live.repository
    if isinstance(found, Unreadable):
        return Blocked(account, "repository", name, found.code, found.reason)
    if isinstance(found, Absent):
        op, reason = Op.CREATE, "it does not exist"
    elif owner_of(found.tags, ours) is Owner.OURS:
        op, reason = Op.KEEP, "it is there"
    else:
        op, reason = Op.KEEP, "it is there and not crosslane's: it is used as it is"
    return Step(
        id=step_id(account, "repository", name),
        account=account,
        guide=None,
        title=f"repository {name}",
        op=op,
        kind="repository",
        name=name,
        reason=reason,
        task=PutRepository(repository),
        after=after,
        undo="crosslane destroy --data",
    )


BUCKET_POLICY = "AWS::S3::BucketPolicy"
"""The original script has it in the pipeline's stack. It cannot move while it is there, and the update that takes it
out of there would delete what the other stack made: a bucket has one policy.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html (2026-11-25)
"""


def _stack(stack: Stack, live: Live, ours: Tags, adopt: bool, outputs: OutputLookup, after: tuple[str, ...]) -> Part:
    account, name = stack.account, stack.name
    found = seen(live.stacks[account, name], account=account, kind="stack", name=name, ours=ours, adopt=adopt)
    if isinstance(found, Conflict | Blocked):
        return found
    decision = decide_stack(stack, found, outputs)
    adopting = found is not None and owner_of(found.tags, ours) is not Owner.OURS
    if found is not None and adopting and BUCKET_POLICY in found.template and BUCKET_POLICY not in stack.template:
        reason = "it holds the artifact bucket's policy, which the bucket's own stack is to hold"
        command = f"aws cloudformation delete-stack --stack-name {name} --region {stack.region}"
        next_ = f"delete stack {name}, which keeps no data, in account {account}: {command}; up --adopt makes it anew"
        return Conflict(account, "stack", name, reason, adoptable=False, next=next_)
    op = Op.ADOPT if adopting and decision.op is Op.UPDATE else decision.op
    return Step(
        id=step_id(account, "stack", name),
        account=account,
        guide=stack.guide,
        title=f"stack {name}",
        op=op,
        kind="stack",
        name=name,
        reason=decision.reason,
        task=PutStack(stack, found, adopt),
        changes=decision.changes,
        after=after,
        undo="delete the stack" if op is Op.CREATE else "deploy the older template",
    )


def _outputs_wanted(stack: Stack, stacks: Iterable[Stack]) -> tuple[OutputOf, ...]:
    wanted = {
        parameter.value
        for other in stacks
        for parameter in other.parameters
        if isinstance(parameter.value, OutputOf)
        and (parameter.value.account, parameter.value.stack) == (stack.account, stack.name)
    }
    return tuple(sorted(wanted, key=lambda output: output.key))


def _read_outputs(stack: Stack, wanted: tuple[OutputOf, ...]) -> Step:
    names = ", ".join(output.key for output in wanted)
    return Step(
        id=step_id(stack.account, "outputs", stack.name),
        account=stack.account,
        guide="S2" if stack.guide == "S1" else None,
        title=f"outputs of {stack.name}",
        op=Op.VERIFY,
        kind="outputs",
        name=stack.name,
        reason=f"{names}: the other stacks take them",
        task=ReadOutputs(stack, wanted),
        after=(step_id(stack.account, "stack", stack.name),),
    )
