"""Which function carries out which task. The type checker sees that none is missing."""

from __future__ import annotations

from typing import assert_never

from crosslane.apply import iam, identity_provider, keys, pipeline, removal, sessions, stacks
from crosslane.apply.hands import Hands
from crosslane.apply.outcome import Done
from crosslane.plan import model as plan
from crosslane.plan.model import Step


def carry_out(step: Step, hands: Hands) -> Done:
    """Carry out one step; raises ``CrosslaneError`` if it fails, ``Stopped`` if the run is interrupted."""
    match step.task:
        case plan.VerifyProfile() as task:
            return sessions.verify_profile(task, step, hands)
        case plan.VerifyIdentity() as task:
            return sessions.verify_identity(task, step, hands)
        case plan.PutPolicy() as task:
            return iam.put_policy(task, step, hands)
        case plan.PutUser() as task:
            return iam.put_user(task, step, hands)
        case plan.AttachToUser() as task:
            return iam.attach_to_user(task, step, hands)
        case plan.PutRole() as task:
            return iam.put_role(task, step, hands)
        case plan.PutProvider() as task:
            return identity_provider.put_provider(task, step, hands)
        case plan.AttachToRole() as task:
            return iam.attach_to_role(task, step, hands)
        case plan.VerifyAttached() as task:
            return iam.verify_attached(task, step, hands)
        case plan.PutAccessKey() as task:
            return keys.put_access_key(task, step, hands)
        case plan.PutKeyProfile() as task:
            return keys.put_key_profile(task, step, hands)
        case plan.OpenSession() as task:
            return sessions.open_session(task, step, hands)
        case plan.PutSessionProfile() as task:
            return sessions.put_session_profile(task, step, hands)
        case plan.VerifyStackAccess() as task:
            return sessions.verify_stack_access(task, step, hands)
        case plan.PutRepository() as task:
            return pipeline.put_repository(task, step, hands)
        case plan.PutStack() as task:
            return stacks.put_stack(task, step, hands)
        case plan.ReadOutputs() as task:
            return stacks.read_outputs(task, step, hands)
        case plan.VerifyPipeline() as task:
            return pipeline.verify_pipeline(task, step, hands)
        case plan.DeleteStack() as task:
            return stacks.delete_stack(task, step, hands)
        case plan.DeleteBucket() as task:
            return removal.delete_bucket(task, step, hands)
        case plan.ScheduleKeyDeletion() as task:
            return removal.schedule_key_deletion(task, step, hands)
        case plan.DeleteRepository() as task:
            return removal.delete_repository(task, step, hands)
        case plan.DeleteUser() as task:
            return removal.delete_user(task, step, hands)
        case plan.DeleteRole() as task:
            return removal.delete_role(task, step, hands)
        case plan.DeleteProvider() as task:
            return identity_provider.delete_provider(task, step, hands)
        case plan.DeletePolicy() as task:
            return removal.delete_policy(task, step, hands)
        case plan.RemoveProfiles() as task:
            return removal.remove_profiles(task, step, hands)
        case _:
            assert_never(step.task)
