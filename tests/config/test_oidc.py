"""Whose CI jobs may become the deployer: the words of the config, and the subject that tokens must have."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from crosslane.config.edit import set_oidc
from crosslane.config.load import load_config, parse_config
from crosslane.config.model import Mode
from crosslane.config.oidc import OidcError, parse_oidc
from crosslane.config.write import config_text
from crosslane.errors import ConfigError, UsageError

CONFIG = """\
version = 1

[pipeline]  # ours
name = "sample-lambda"
region = "eu-west-1"
source = { account = "dev", branch = "release" }

[accounts]
tools = { id = "111111111111" }
dev   = { id = "222222222222" }

[[stages]]
name = "test"
account = "dev"
"""
MAIN = "github:octo-org/octo-repo@branch:main"


@pytest.mark.parametrize(
    ("text", "issuer", "subject"),
    [
        (MAIN, "token.actions.githubusercontent.com", "repo:octo-org/octo-repo:ref:refs/heads/main"),
        (
            "github:octo-org-123456/octo.repo_x-456789@branch:feature/a.b#1",
            "token.actions.githubusercontent.com",
            "repo:octo-org-123456/octo.repo_x-456789:ref:refs/heads/feature/a.b#1",
        ),
        (
            "github:o/r@environment:Production EU",
            "token.actions.githubusercontent.com",
            "repo:o/r:environment:Production EU",
        ),
        ("github:o/r", "token.actions.githubusercontent.com", "repo:o/r:ref:refs/heads/release"),
        (
            "gitlab:group/sub/project@branch:main",
            "gitlab.com",
            "project_path:group/sub/project:ref_type:branch:ref:main",
        ),
    ],
)
def test_one_branch_or_environment_is_one_subject(text: str, issuer: str, subject: str) -> None:
    found = parse_oidc(text, branch="release")

    assert (found.issuer, found.subject) == (issuer, subject)
    assert parse_oidc(str(found), branch="other") == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "github",
        "github:",
        "github:repo",
        "github:*/repo",
        "github:o/*",
        "github:o/r@branch:*",
        "github:o/r@branch:ma?n",
        "github:o/r@branch:${aws:username}",
        "github:o/r@environment:a:b",
        "github:o/r@tag:v1",
        "github:o/r@",
        "github:o/r@branch:",
        "github:o/r/s",
        "github:o/r@branch:main\n",
        "gitlab:project",
        "gitlab:g/p@environment:prod",
        "bitbucket:o/r",
        f"github:o/{'r' * 300}",
    ],
)
def test_what_is_no_repository_or_would_let_more_in_is_refused(text: str) -> None:
    with pytest.raises(OidcError):
        parse_oidc(text, branch="main")


def test_with_jobs_the_mode_is_keyless() -> None:
    config = parse_config(CONFIG + f'[bootstrap]\noidc = "{MAIN}"\n', Path("crosslane.toml"))

    assert config.bootstrap.mode is Mode.KEYLESS
    assert str(config.bootstrap.oidc) == MAIN
    assert parse_config(config_text(config), Path("crosslane.toml")) == config


@pytest.mark.parametrize("mode", ["least", "guide"])
def test_a_mode_with_a_key_does_not_go_with_jobs(mode: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(CONFIG + f'[bootstrap]\nmode = "{mode}"\noidc = "{MAIN}"\n', Path("crosslane.toml"))

    assert caught.value.code == "OidcNeedsKeyless"


def test_a_bad_value_is_told_with_its_line() -> None:
    with pytest.raises(ConfigError, match=r"crosslane\.toml:16: bootstrap\.oidc"):
        parse_config(CONFIG + '[bootstrap]\noidc = "github:o/*"\n', Path("crosslane.toml"))


FORMS = {
    "no table": (CONFIG, CONFIG + f'\n[bootstrap]\noidc = "{MAIN}"\n'),
    "a table": (
        CONFIG + "\n[bootstrap] # the deployer\nuser = 'admin'\n\n[sign_in]\n",
        CONFIG + f"\n[bootstrap] # the deployer\noidc = \"{MAIN}\"\nuser = 'admin'\n\n[sign_in]\n",
    ),
    "another repository": (
        CONFIG + '\n[bootstrap]\nuser = "admin"\noidc = "github:o/r@branch:x"\n',
        CONFIG + f'\n[bootstrap]\nuser = "admin"\noidc = "{MAIN}"\n',
    ),
}


@pytest.mark.parametrize(("before", "after"), FORMS.values(), ids=FORMS.keys())
def test_the_flag_is_written_and_all_else_stays(tmp_path: Path, before: str, after: str) -> None:
    path = tmp_path / "crosslane.toml"
    path.write_text(before)
    path.chmod(0o640)

    assert set_oidc(path, MAIN) is True

    assert path.read_text() == after
    assert path.stat().st_mode & 0o777 == 0o640
    assert load_config(path) == replace(load_config(path), bootstrap=load_config(path).bootstrap)
    assert set_oidc(path, MAIN) is False


@pytest.mark.parametrize(
    ("form", "code"),
    [
        (CONFIG.replace("version = 1\n", 'version = 1\nbootstrap = { user = "admin" }\n'), "ConfigNotEdited"),
        (CONFIG + '\n[bootstrap]\nmode = "least"\n', "OidcNeedsKeyless"),
        (CONFIG.replace("\n", "\r\n"), None),
        (CONFIG + '\n[bootstrap]\nuser = """\n[bootstrap]\n"""\n', "ConfigError"),
    ],
    ids=["inline table", "mode with a key", "CRLF", "a header in a string"],
)
def test_a_form_that_cannot_be_edited_safely_is_left_to_the_person(tmp_path: Path, form: str, code: str | None) -> None:
    path = tmp_path / "crosslane.toml"
    path.write_bytes(form.encode())

    if code is None:
        set_oidc(path, MAIN)
        assert str(load_config(path).bootstrap.oidc) == MAIN
        return
    with pytest.raises(UsageError) as caught:
        set_oidc(path, MAIN)
    assert path.read_bytes() == form.encode()
    assert code == "ConfigError" or caught.value.code == code
