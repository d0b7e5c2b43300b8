"""The identity provider that CI jobs' tokens come from: made if there is none, and never touched if it is others'."""

from __future__ import annotations

from crosslane.config.oidc import ISSUERS
from crosslane.desired.model import BootstrapState, IdentityProvider, Tags
from crosslane.live.model import Absent, Live, LiveProvider, LiveRole, Owner, Unreadable, owner_of
from crosslane.plan.difference import tag_differences
from crosslane.plan.model import Blocked, Conflict, DeleteProvider, Op, PutProvider, Step

KIND = "identity provider"


def put_provider(
    provider: IdentityProvider, live: Live, ours: Tags, after: tuple[str, ...]
) -> Step | Conflict | Blocked:
    """The step for the provider; one of others is used as it is, if it takes our audience."""
    account, issuer = provider.account, provider.issuer
    match live.providers.get((account, issuer), Absent()):
        case Unreadable(reason, code):
            return Blocked(account, KIND, issuer, code, reason)
        case Absent():
            return _step(provider, Op.CREATE, "the account has none for this issuer", None, after)
        case LiveProvider(_, client_ids, tags) as found:
            missing = provider.client_id not in client_ids
            if owner_of(tags, ours) is not Owner.OURS:
                if missing:
                    reason = (
                        f"it is not crosslane's and does not take the audience {provider.client_id}; its owner adds it "
                        "by aws iam add-client-id-to-open-id-connect-provider"
                    )
                    return Conflict(account, KIND, issuer, reason, adoptable=False)
                return _step(provider, Op.KEEP, "it is others', and used as it is", found, after)
            if missing or tag_differences(tags, provider.tags):
                return _step(provider, Op.UPDATE, "its audience or tags differ", found, after)
            return _step(provider, Op.KEEP, "it is as it should be", found, after)


def provider_left_over(state: BootstrapState, live: Live, after: tuple[str, ...]) -> list[Step]:
    """What to take away when another repository host, or none, is trusted now: what the live role still trusts.

    It goes before the role's trust is changed, so that a run that was cut off still finds it.
    """
    role = live.roles.get((state.account, state.role.name))
    if not isinstance(role, LiveRole):
        return []
    prefix = state.role.arn.partition(":role/")[0]
    wanted = None if state.provider is None else state.provider.issuer
    return [
        delete_provider(state, issuer, "the deployer is to trust it no longer", after)
        for issuer in ISSUERS.values()
        if issuer != wanted and f'"{prefix}:oidc-provider/{issuer}"' in role.trust
    ]


def delete_provider(state: BootstrapState, issuer: str, reason: str, after: tuple[str, ...]) -> Step:
    """The step that removes the provider if it is ours and no other role trusts it."""
    arn = f"{state.role.arn.partition(':role/')[0]}:oidc-provider/{issuer}"
    return Step(
        id=f"{state.account}/remove-provider/{issuer}",
        account=state.account,
        guide=None,
        title=f"{KIND} {issuer}",
        op=Op.DELETE,
        kind=KIND,
        name=issuer,
        reason=f"{reason}; it stays if it is others', or another role trusts it",
        task=DeleteProvider(state.account, arn, state.role.name),
        after=after,
        undo="crosslane up with oidc in the config makes it anew",
    )


def _step(provider: IdentityProvider, op: Op, reason: str, live: LiveProvider | None, after: tuple[str, ...]) -> Step:
    return Step(
        id=f"{provider.account}/provider/{provider.issuer}",
        account=provider.account,
        guide=None,
        title=f"{KIND} {provider.issuer}",
        op=op,
        kind=KIND,
        name=provider.issuer,
        reason=reason,
        task=PutProvider(provider, live),
        after=after,
        undo="delete the provider" if op is Op.CREATE else "",
    )
