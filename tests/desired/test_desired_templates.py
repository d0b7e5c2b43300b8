"""cfn-lint on every template: no error, no warning."""

from __future__ import annotations

from functools import cache

import pytest
from cfnlint import decode
from cfnlint.api import ManualArgs, lint
from cfnlint.config import ConfigMixIn
from cfnlint.rules import Match, RulesCollection
from cfnlint.runner import Runner

from crosslane.config.model import Config, Mode, Stage
from crosslane.desired.build import stacks_of
from tests.desired.guide_config import EVERYWHERE, guide_config


@cache
def rules() -> RulesCollection:
    """All rules, loaded once: that takes longer than to apply them."""
    loaded: RulesCollection = Runner(ConfigMixIn()).rules
    return loaded


def findings(template: str, region: str) -> list[Match]:
    found: list[Match] = lint(template, rules(), config=ManualArgs(regions=[region]))
    return found


@pytest.mark.parametrize(
    "config",
    [
        pytest.param(guide_config(), id="the guide's config"),
        pytest.param(
            guide_config(Mode.KEYLESS, EVERYWHERE, source="tools", stages=(Stage("only", "tools"),)), id="tools alone"
        ),
        pytest.param(guide_config(region="cn-north-1"), id="china"),
    ],
)
def test_cfn_lint_finds_nothing(config: Config) -> None:
    for stack in {one.name: one for one in stacks_of(config)}.values():
        assert decode.decode_str(stack.template)[1] == []
        found = findings(stack.template, config.pipeline.region)
        assert [(one.rule.id, one.message, one.path) for one in found] == [], stack.name


def test_cfn_lint_would_find_a_slip() -> None:
    (pre_reqs, *_) = stacks_of(guide_config())
    broken = pre_reqs.template.replace('"EnableKeyRotation":true', '"EnableKeyRotations":true')
    assert broken != pre_reqs.template
    assert findings(broken, "eu-west-1")
