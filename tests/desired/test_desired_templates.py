"""cfn-lint on every template: no error, no warning."""

from __future__ import annotations

import pytest
from cfnlint import decode
from cfnlint.api import ManualArgs, lint

from crosslane.config.model import Config, Mode, Stage
from crosslane.desired.build import stacks_of
from tests.desired.guide_config import EVERYWHERE, guide_config


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
    arguments = ManualArgs(regions=[config.pipeline.region])
    for stack in {one.name: one for one in stacks_of(config)}.values():
        assert decode.decode_str(stack.template)[1] == []
        found = lint(stack.template, config=arguments)
        assert [(one.rule.id, one.message, one.path) for one in found] == [], stack.name


def test_cfn_lint_would_find_a_slip() -> None:
    (pre_reqs, *_) = stacks_of(guide_config())
    broken = pre_reqs.template.replace('"EnableKeyRotation":true', '"EnableKeyRotations":true')
    assert broken != pre_reqs.template
    assert lint(broken, config=ManualArgs(regions=["eu-west-1"]))
