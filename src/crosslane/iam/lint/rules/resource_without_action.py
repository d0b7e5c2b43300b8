"""Resources that no action of their statement acts on: the wrong service, type, or form of ARN."""

from __future__ import annotations

from collections.abc import Iterator

from crosslane.iam.lint.actions import named_actions
from crosslane.iam.lint.finding import Hit, Severity
from crosslane.iam.lint.patterns import arns_meet
from crosslane.iam.lint.reference import Action, Template, templates_of
from crosslane.iam.lint.rule import SERVICE_REFERENCE, Rule
from crosslane.iam.lint.subject import Subject
from crosslane.iam.lint.unknown import as_pattern, is_unknown, shown
from crosslane.iam.lint.variable_pattern import without_variables


def fits(template: Template, value: str) -> bool:
    """Whether a resource's value can mean a resource of this form; variables and unknown parts may be anything."""
    text = without_variables(as_pattern(value))
    if template.flat and "/" in text:
        return False
    return arns_meet(template.pattern, text)


def lists_all_buckets(action: Action, value: str) -> bool:
    """``s3:ListAllMyBuckets`` acts on no resource, and yet AWS's own examples allow it on all buckets' ARN.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_statement.html (2026-11-25).
    """
    return action.text == "s3:ListAllMyBuckets" and value.startswith("arn:") and value.endswith(":s3:::*")


def check(subject: Subject) -> Iterator[Hit]:
    for statement in subject:
        clause = statement.resource
        actions = named_actions(statement.action)
        if clause is None or clause.negated or not actions:
            continue
        templates = {template for action in actions for template in action.templates}
        for index, value in enumerate(clause.values):
            if value == "*" or not value.startswith("arn:") or any(fits(one, value) for one in templates):
                continue
            if any(lists_all_buckets(action, value) for action in actions):
                continue
            yield _hit(clause.pointer_of(index), value, actions, templates)


def _hit(pointer: str, value: str, actions: tuple[Action, ...], templates: set[Template]) -> Hit:
    what = "the action" if len(actions) == 1 else "no action of the statement"
    verb = "does not act" if len(actions) == 1 else "acts"
    message = f"{what} {verb} on {shown(value)}"
    service = value.split(":")[2] if value.count(":") > 1 else ""
    if not templates:
        fix = 'Write "*": these actions act on no particular resource.'
    else:
        forms = sorted(template.arn for template in templates)
        near = [form for form in forms if form.split(":")[2] == service] or forms
        fix = "Write " + " or ".join(near[:2]) + (", or another of its forms." if len(near) > 2 else ".")
    # A form that the service's list does not have at all is likely missing there.
    listed = any(fits(one, value) for one in templates_of(service)) or service not in {one.service for one in actions}
    severity = None if listed and not is_unknown(value) else Severity.INFO
    return Hit(pointer, message, fix, severity)


RULE = Rule(
    "resource-without-action",
    "resources that no action of their statement acts on",
    Severity.WARNING,
    SERVICE_REFERENCE,
    check,
)
