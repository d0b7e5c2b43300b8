"""Buildspecs: what is read, what is wrong, what the sandbox does not do."""

from __future__ import annotations

import pytest

from crosslane.sandbox.builds.buildspec import Artifact, BuildspecError, parse_buildspec

WHOLE = """\
version: 0.2
env:
  shell: bash
  variables:
    VERSION: 3.10
    SWITCH: yes
    EMPTY:
  parameter-store:
    TOKEN: /a/b
  exported-variables: [VERSION]
phases:
  install:
    runtime-versions:
      python: 3.10
  pre_build:
    on-failure: CONTINUE
    commands:
      - "true"
      - |
        if true
        then echo a: b
        fi
    finally:
      - echo last
  build:
    commands: [make]
artifacts:
  files:
    - '**/*'
  base-directory: out
  discard-paths: yes
  exclude-paths: [x]
  secondary-artifacts:
    docs:
      files: docs/*
cache:
  paths: [a]
"""


def test_a_whole_buildspec_is_read_with_its_scalars_as_text() -> None:
    spec = parse_buildspec(WHOLE)
    assert spec.shell == "bash"
    assert spec.variables == {"VERSION": "3.10", "SWITCH": "yes", "EMPTY": ""}
    assert spec.parameter_store == {"TOKEN": "/a/b"}
    assert spec.exported == ("VERSION",)
    assert spec.phases["install"].runtime_versions == {"python": "3.10"}
    assert spec.phases["pre_build"].commands[1].startswith("if true\nthen echo a: b")
    assert (spec.phases["pre_build"].finally_, spec.phases["pre_build"].on_failure) == (("echo last",), "CONTINUE")
    assert spec.artifact == Artifact(("**/*",), "out", True, ("x",))
    assert spec.secondary == {"docs": Artifact(("docs/*",))}
    assert spec.notes == ("cache of the buildspec is ignored here",)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "a buildspec is a mapping"),
        ("a: [", "no YAML at line 1"),
        ("version: 0.2", "phases is missing"),
        ("version: 0.1\nphases: {}", "version 0.1"),
        ("version: 7\nphases: {}", "unknown version 7"),
        ("version: 0.2\nphases: {}", "phases has no phase"),
        ("version: 0.2\nphases: {deploy: {commands: [a]}}", "unknown phase deploy"),
        ("version: 0.2\nphases: {build: {}}", "phases/build/commands is missing"),
        ("version: 0.2\nphases: {build: {commands: make}}", "phases/build/commands is a list"),
        ("version: 0.2\nphases: {build: {command: [make]}}", "unknown key command"),
        ("version: 0.2\nphases: {build: {commands: [a], on-failure: STOP}}", "it is ABORT or CONTINUE"),
        (
            "version: 0.2\nphases: {build: {commands: [a], on-failure: RETRY}}",
            "does not support phases/build/on-failure",
        ),
        (
            "version: 0.2\nphases: {build: {commands: [a], runtime-versions: {python: 3.9}}}",
            "only allowed in the phase",
        ),
        ("version: 0.2\nrun-as: nobody\nphases: {build: {commands: [a]}}", "does not support run-as"),
        ("version: 0.2\nenv: {shell: powershell.exe}\nphases: {build: {commands: [a]}}", "only sh and bash"),
        ("version: 0.2\nenv: {variables: [A]}\nphases: {build: {commands: [a]}}", "env/variables is a mapping"),
        ("version: 0.2\nenv: {variables: {A-B: c}}\nphases: {build: {commands: [a]}}", "name of a variable"),
        ("version: 0.2\nphases: {build: {commands: [a]}}\nartifacts: {name: x}", "artifacts/files is missing"),
        ("version: 0.2\nphases: {build: {commands: [a]}}\nartifacts: {files: x, discard-paths: perhaps}", "yes or no"),
    ],
)
def test_what_is_wrong_is_told_by_its_place(text: str, told: str) -> None:
    with pytest.raises(BuildspecError) as caught:
        parse_buildspec(text)
    assert told in str(caught.value)
