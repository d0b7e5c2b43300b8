"""``crosslane init``: what it asks, what it writes, and what it leaves alone."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosslane.cli.init import write_new
from crosslane.cli.main import run
from crosslane.config.load import load_config
from crosslane.config.model import Account, Mode, Source, Stage
from crosslane.errors import EnvironmentFailure, UsageError

FOUR = [
    "--account", "tools=111111111111", "--account", "dev=222222222222", "--account", "test=333333333333",
    "--account", "prod=444444444444",
]  # fmt: skip
ENOUGH = ["--pipeline-name", "shop", "--region", "eu-central-1", *FOUR]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty working folder and home, and no AWS settings."""
    (tmp_path / "work").mkdir()
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)


def init(*arguments: str) -> int:
    return run(["init", *arguments])


def with_sso_profile(tmp_path: Path, profile: str = "tools", key: str = "sso_session = corp") -> Path:
    path = tmp_path / "home" / ".aws" / "config"
    path.parent.mkdir()
    path.write_text(f"[profile {profile}]\n{key}\nregion = eu-north-1\nthis line is no setting\n")
    return path


def test_flags_alone_are_enough() -> None:
    assert init(*ENOUGH) == 0

    config = load_config(Path("crosslane.toml"))
    assert config.pipeline.name == "shop"
    assert config.pipeline.region == "eu-central-1"
    assert config.pipeline.source == Source("dev", "shop", "main")
    assert config.pipeline.app == Path("app").absolute()
    assert config.accounts == (
        Account("tools", "111111111111", "tools"),
        Account("dev", "222222222222", "dev"),
        Account("test", "333333333333", "test"),
        Account("prod", "444444444444", "prod"),
    )
    assert config.stages == (Stage("test", "test"), Stage("production", "prod", True))
    assert config.bootstrap.mode is Mode.LEAST


def test_every_flag_is_heard() -> None:
    code = init(
        "--pipeline-name", "shop", "--region", "us-gov-west-1", "--account", "tools=111111111111:me:too",
        "--account", "a=222222222222:", "--stage", "one=a", "--stage", "two=tools:approval",
        "--source-account", "tools", "--repository", "code", "--branch", "trunk", "--mode", "keyless",
        "--app", "../service",
        "--config", "x.toml",
    )  # fmt: skip
    assert code == 0
    config = load_config(Path("x.toml"))
    assert config.accounts == (Account("tools", "111111111111", "me:too"), Account("a", "222222222222", None))
    assert config.stages == (Stage("one", "a"), Stage("two", "tools", True))
    assert config.pipeline.source == Source("tools", "code", "trunk")
    assert config.bootstrap.mode is Mode.KEYLESS
    assert config.pipeline.app == Path("../service").resolve()


def test_the_result_and_the_next_command_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    init(*ENOUGH)
    out = capsys.readouterr().out
    assert "Wrote crosslane.toml: 4 accounts, 2 stages, mode least." in out
    assert "crosslane up --sandbox" in out


def test_json_is_one_document_with_the_config(capsys: pytest.CaptureFixture[str]) -> None:
    assert init(*ENOUGH, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["ok"], document["path"]) == (True, "crosslane.toml")
    assert document["config"]["pipeline"]["name"] == "shop"
    assert document["config"]["bootstrap"]["mode"] == "least"


def test_other_accounts_get_a_stage_each() -> None:
    accounts = ["--account", "tools=111111111111", "--account", "eu=222222222222", "--account", "prod=333333333333"]
    assert init("--pipeline-name", "shop", "--region", "eu-west-1", *accounts, "--account", "src=444444444444",
                "--source-account", "src") == 0  # fmt: skip
    assert load_config(Path("crosslane.toml")).stages == (Stage("eu", "eu"), Stage("production", "prod", True))


def test_tools_alone_is_source_and_target() -> None:
    assert init("--pipeline-name", "shop", "--region", "eu-west-1", "--account", "tools=111111111111") == 0
    config = load_config(Path("crosslane.toml"))
    assert (config.pipeline.source.account, config.stages) == ("tools", (Stage("tools", "tools"),))


class TestWithoutATerminal:
    def test_what_is_missing_is_named_by_its_flags(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert init("--account", "dev=222222222222") == 2
        err = capsys.readouterr().err
        assert "--pipeline-name, --region, --account tools=ID\n" in err
        assert not Path("crosslane.toml").exists()

    def test_without_any_flag_all_four_accounts_are_missing(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert init("--json") == 2
        error = json.loads(capsys.readouterr().out)["error"]
        assert error["code"] == "MissingAnswers"
        for name in ("tools", "dev", "test", "prod"):
            assert f"--account {name}=ID" in error["message"]

    def test_with_the_sandbox_nothing_is_missing(self) -> None:
        assert init("--sandbox") == 0
        config = load_config(Path("crosslane.toml"))
        assert config.pipeline.name == "sample-lambda"
        assert [account.id[0] * 12 for account in config.accounts] == [account.id for account in config.accounts]

    def test_example_ids_pass_over_those_given(self) -> None:
        assert init("--sandbox", "--account", "dev=111111111111") == 0
        assert load_config(Path("crosslane.toml")).tools.id == "222222222222"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--account", "tools"], "--account tools: write NAME=ID or NAME=ID:PROFILE"),
        (["--account", "tools=:x"], "--account tools=:x: write"),
        ([*FOUR, "--account", "tools=555555555555"], "the same name twice"),
        ([*FOUR, "--stage", "a"], "--stage a: write NAME=ACCOUNT"),
        ([*FOUR, "--stage", "a=dev:maybe"], "write NAME=ACCOUNT or NAME=ACCOUNT:approval"),
        ([*FOUR, "--stage", "a=dve"], 'no account "dve"; did you mean "dev"?'),
        ([*FOUR, "--source-account", "Dev"], 'no account "Dev"; did you mean "dev"?'),
        (["--account", "tools=12"], 'accounts.tools.id: "12" is not an account id: exactly 12 digits'),
        ([*FOUR[:-1], "prod=111111111111"], "have the same id 111111111111"),
        ([*FOUR, "--mode", "last"], "'last' is not one of"),
        ([*FOUR, "--region", "eu-west1"], 'did you mean "eu-west-1"?'),
        ([*FOUR, "--pipeline-name", "a.b"], '"a.b" is not a pipeline\'s name'),
        ([*FOUR, "--pipeline-name", 'a"\nversion = 2'], "is not a pipeline's name"),
        ([*FOUR, "--branch", "a\udce9"], "not UTF-8"),
    ],
)
def test_a_wrong_answer_is_told_and_nothing_is_written(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    defaults = [] if "--region" in arguments else ["--region", "eu-west-1"]
    defaults += [] if "--pipeline-name" in arguments else ["--pipeline-name", "shop"]
    assert init(*arguments, *defaults) == 2
    assert said in capsys.readouterr().err
    assert list(Path().iterdir()) == []


class TestAnExistingFile:
    def test_it_is_left_alone(self, capsys: pytest.CaptureFixture[str]) -> None:
        Path("crosslane.toml").write_text("mine")
        assert init(*ENOUGH) == 2
        assert "crosslane.toml exists already" in capsys.readouterr().err
        assert Path("crosslane.toml").read_text() == "mine"

    def test_it_is_replaced_with_force(self) -> None:
        Path("crosslane.toml").write_text("mine")
        assert init(*ENOUGH, "--force") == 0
        assert load_config(Path("crosslane.toml")).pipeline.name == "shop"
        assert [path.name for path in Path().iterdir()] == ["crosslane.toml"]

    def test_a_wrong_answer_leaves_it_even_with_force(self) -> None:
        Path("crosslane.toml").write_text("mine")
        assert init(*ENOUGH, "--force", "--stage", "a=nobody") == 2
        assert Path("crosslane.toml").read_text() == "mine"

    def test_a_link_keeps_being_a_link(self) -> None:
        Path("real.toml").write_text("mine")
        Path("crosslane.toml").symlink_to("real.toml")
        assert init(*ENOUGH, "--force") == 0
        assert Path("crosslane.toml").is_symlink()
        assert load_config(Path("real.toml")).pipeline.name == "shop"

    def test_one_that_appears_in_between_is_left_alone_too(self) -> None:
        Path("crosslane.toml").write_text("mine")
        with pytest.raises(UsageError, match="exists already"):
            write_new(Path("crosslane.toml"), "ours", force=False)
        assert Path("crosslane.toml").read_text() == "mine"
        assert [path.name for path in Path().iterdir()] == ["crosslane.toml"]

    def test_a_file_system_without_hard_links(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(self: Path, target: Path) -> None:
            raise PermissionError(1, "Operation not permitted")

        monkeypatch.setattr(Path, "hardlink_to", refuse)
        write_new(Path("crosslane.toml"), "ours", force=False)
        assert Path("crosslane.toml").read_text() == "ours"
        with pytest.raises(UsageError, match="exists already"):
            write_new(Path("crosslane.toml"), "again", force=False)
        assert Path("crosslane.toml").read_text() == "ours"

    def test_a_folder(self, capsys: pytest.CaptureFixture[str]) -> None:
        Path("crosslane.toml").mkdir()
        assert init(*ENOUGH, "--force") == 2
        assert "is a directory" in capsys.readouterr().err


def test_a_folder_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert init(*ENOUGH, "--config", "no/where.toml") == 3
    assert "no/where.toml cannot be written: No such file or directory" in capsys.readouterr().err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_to() -> None:
    Path("locked").mkdir(mode=0o500)
    with pytest.raises(EnvironmentFailure, match="cannot be written"):
        write_new(Path("locked/crosslane.toml"), "ours", force=False)


def test_the_schema_is_printed_and_nothing_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    assert init("--schema") == 0
    assert json.loads(capsys.readouterr().out)["title"] == "crosslane.toml"
    assert list(Path().iterdir()) == []


WORD = st.from_regex(r"[a-z][a-z0-9]{1,6}", fullmatch=True)


@settings(max_examples=40, deadline=None)
@given(
    name=WORD,
    others=st.lists(WORD, unique=True, max_size=3),
    ids=st.lists(st.from_regex(r"[0-9]{12}", fullmatch=True), unique=True, min_size=4, max_size=4),
    stages=st.lists(WORD.filter(lambda word: word != "pipeline"), unique=True, min_size=1, max_size=3),
    approval=st.booleans(),
    mode=st.sampled_from(Mode),
)
def test_what_is_said_is_what_the_file_says(
    tmp_path_factory: pytest.TempPathFactory,
    name: str, others: list[str], ids: list[str], stages: list[str], approval: bool, mode: Mode,
) -> None:  # fmt: skip
    path = tmp_path_factory.mktemp("init") / "crosslane.toml"
    names = ["tools", *(other for other in others if other != "tools")]
    pairs = list(zip(names, ids, strict=False))
    suffix = ":approval" if approval else ""
    arguments = ["--pipeline-name", name, "--region", "eu-west-1", "--config", str(path), "--mode", str(mode)]
    arguments += [part for account, id_ in pairs for part in ("--account", f"{account}={id_}")]
    arguments += [part for stage in stages for part in ("--stage", f"{stage}={names[-1]}{suffix}")]
    assert init(*arguments) == 0

    config = load_config(path)
    assert config.pipeline.name == name
    assert config.accounts == tuple(Account(account, id_, account) for account, id_ in pairs)
    assert config.stages == tuple(Stage(stage, names[-1], approval) for stage in stages)
    assert config.bootstrap.mode is mode


class TestAnSsoSignIn:
    def test_it_is_noticed_and_does_not_change_what_flags_say(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with_sso_profile(tmp_path)
        assert init(*ENOUGH) == 0
        assert "signs in with SSO; mode keyless" in capsys.readouterr().err
        assert load_config(Path("crosslane.toml")).bootstrap.mode is Mode.LEAST

    def test_the_sandbox_does_not_look(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        with_sso_profile(tmp_path)
        assert init(*ENOUGH, "--sandbox") == 0
        assert "SSO" not in capsys.readouterr().err

    def test_another_profile_does_not_count(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        with_sso_profile(tmp_path, profile="dev")
        assert init(*ENOUGH) == 0
        assert "SSO" not in capsys.readouterr().err


class Terminal:
    """``crosslane init`` on a real terminal."""

    def __init__(self, *arguments: str, **environment: str) -> None:
        self.controller, worker = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from crosslane.cli.main import main; main()", "init", *arguments],
            stdin=worker, stdout=worker, stderr=worker, close_fds=True, start_new_session=True,
            env={**os.environ, **environment},
        )  # fmt: skip
        os.close(worker)
        self.screen = ""

    def answer(self, question: str, text: str) -> None:
        """Wait until ``question`` is the last thing on the screen, then type ``text`` and return."""
        self._read(lambda: question in self.screen.rsplit("\n", 1)[-1])
        os.write(self.controller, text.encode() + b"\n")

    def end(self) -> int:
        self._read(lambda: False)
        os.close(self.controller)
        return self.process.wait(10)

    def _read(self, enough: Any) -> None:
        deadline = time.monotonic() + 60
        while not enough():
            assert time.monotonic() < deadline, self.screen
            if not select.select([self.controller], [], [], 1)[0]:
                continue
            try:
                piece = os.read(self.controller, 4096)
            except OSError:  # Linux tells the end of a terminal so
                piece = b""
            if not piece:
                assert not self.process.poll() or not enough(), self.screen
                return
            self.screen += piece.decode()


def test_on_a_terminal_it_asks_and_a_wrong_answer_is_asked_again(tmp_path: Path) -> None:
    with_sso_profile(tmp_path, key="sso_start_url = https://d-1.awsapps.com/start")
    terminal = Terminal()
    terminal.answer("Name of the pipeline [work]:", "not a name")
    terminal.answer("Name of the pipeline [work]:", "shop")
    terminal.answer("Region [eu-north-1]:", "eu-west1")
    terminal.answer("Region [eu-north-1]:", "")
    terminal.answer("tools holds the pipeline [tools dev test prod]:", "tools dev prod")
    terminal.answer("Account id of tools:", "1")
    terminal.answer("Account id of tools:", "111111111111")
    terminal.answer("AWS profile of tools, - for none [tools]:", "")
    terminal.answer("Account id of dev:", "111111111111")
    terminal.answer("Account id of dev:", "222222222222")
    terminal.answer("AWS profile of dev, - for none [dev]:", "-")
    terminal.answer("Account id of prod:", "333333333333")
    terminal.answer("AWS profile of prod, - for none [prod]:", "prod-sso")
    terminal.answer("Account of the CodeCommit repository [dev]:", "")
    terminal.answer("Name of the repository [shop]:", "")
    terminal.answer("Branch [main]:", "")
    terminal.answer("[production=prod]:", "production=prd:approval")
    terminal.answer("[production=prod]:", "production=prod:approval")
    terminal.answer("Mode of the bootstrap (guide, least, keyless) [keyless]:", "")
    assert terminal.end() == 0, terminal.screen

    assert 'did you mean "eu-west-1"?' in terminal.screen
    assert "another account has this id already" in terminal.screen
    config = load_config(Path("crosslane.toml"))
    assert config.accounts == (
        Account("tools", "111111111111", "tools"),
        Account("dev", "222222222222", None),
        Account("prod", "333333333333", "prod-sso"),
    )
    assert config.pipeline.region == "eu-north-1"
    assert config.stages == (Stage("production", "prod", True),)
    assert config.bootstrap.mode is Mode.KEYLESS


def test_interrupted_at_a_question_it_writes_nothing() -> None:
    terminal = Terminal("--pipeline-name", "shop")
    terminal.answer("Region [eu-west-1]:", "")
    terminal.answer("[tools dev test prod]:", "\x04")
    os.write(terminal.controller, b"\x04")
    assert terminal.end() == 130, terminal.screen
    assert list(Path().iterdir()) == []
