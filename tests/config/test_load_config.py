"""What a person meets who writes a config: it loads as meant, or every slip is told with its line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosslane.config.load import find_config, load_config, parse_config
from crosslane.config.model import Account, Bootstrap, Mode, SignIn, Source, Stage
from crosslane.errors import ConfigError, UsageError

MINIMAL = """\
version = 1

[pipeline]
name = "sample-lambda"
region = "eu-west-1"
source = { account = "dev" }

[accounts]
tools = { id = "111111111111", profile = "tools" }
dev = { id = "222222222222", profile = "dev" }
test = { id = "033333333333", profile = "test" }
prod = { id = "444444444444" }

[[stages]]
name = "test"
account = "test"

[[stages]]
name = "production"
account = "prod"
approval = true
"""
FILE = Path("/project/crosslane.toml")


def problems(text: str) -> list[ConfigError]:
    with pytest.raises(ConfigError) as caught:
        parse_config(text, FILE)
    return [caught.value, *caught.value.others]


def problem(text: str) -> ConfigError:
    """The one and only problem of ``text``."""
    found = problems(text)
    assert len(found) == 1, [str(error) for error in found]
    return found[0]


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def test_the_minimal_config_gets_every_default() -> None:
    config = parse_config(MINIMAL, FILE)

    assert config.path == FILE
    assert config.pipeline.source == Source("dev", "sample-lambda", "main", "codecommit")
    assert config.pipeline.app == Path("/project/app")
    assert config.accounts == (
        Account("tools", "111111111111", "tools"),
        Account("dev", "222222222222", "dev"),
        Account("test", "033333333333", "test"),
        Account("prod", "444444444444", None),
    )
    assert config.stages == (Stage("test", "test", False), Stage("production", "prod", True))
    assert config.bootstrap == Bootstrap()
    assert config.sign_in == SignIn()
    assert config.names.pipeline_stack == "sample-lambda-pipeline"
    assert config.names.build_role == "sample-lambda-CodeBuildRole"
    assert config.names.bucket is None


def test_everything_that_can_be_said_is_read() -> None:
    text = MINIMAL.replace(
        '{ account = "dev" }', '{ provider = "codecommit", account = "tools", repository = "r", branch = "b/c" }'
    )
    text = text.replace('region = "eu-west-1"', 'region = "eu-west-1"\napp = "../elsewhere"')
    text += """
[bootstrap]
mode = "keyless"
accounts = ["tools", "dev"]
user = "{pipeline}-user"
policy = "p"
role = "r"
boundary = "b"
session_name = "me@example.com"
key_max_age_days = 30
[sign_in]
start_url = "https://d-1234567890.awsapps.com/start"
region = "eu-central-1"
permission_set = "Admin"
[names]
prerequisites_stack = "{pipeline}-pre"
bucket = "{pipeline}.artifacts"
key_alias = "keys/{pipeline}"
"""
    config = parse_config(text, FILE)

    assert config.pipeline.source == Source("tools", "r", "b/c")
    assert config.pipeline.app == Path("/elsewhere")
    assert config.bootstrap == Bootstrap(
        Mode.KEYLESS, ("tools", "dev"), "sample-lambda-user", "p", "r", "b", "me@example.com", 30
    )
    assert config.sign_in == SignIn("https://d-1234567890.awsapps.com/start", "eu-central-1", "Admin")
    assert config.names.prerequisites_stack == "sample-lambda-pre"
    assert config.names.bucket == "sample-lambda.artifacts"
    assert config.names.key_alias == "keys/sample-lambda"
    assert config.names.source_stack == "toolsacct-codepipeline-role"


def test_two_stages_may_share_an_account_and_it_may_be_tools() -> None:
    text = MINIMAL.replace('account = "test"', 'account = "tools"').replace('account = "prod"', 'account = "tools"')
    assert [stage.account for stage in parse_config(text, FILE).stages] == ["tools", "tools"]


def test_tables_may_be_written_in_any_way_that_toml_has() -> None:
    text = """version = 1
pipeline.name = "sample-lambda"
pipeline.region = "eu-west-1"
pipeline.source.account = "dev"
stages = [{ name = "test", account = "test" }, { name = "production", account = "prod", approval = true }]
[accounts.tools]
id = "111111111111"
profile = 'tools'
[accounts.dev]
id = "222222222222"
profile = "dev"
[accounts]
test = { id = "033333333333", profile = "test" }
prod.id = "444444444444"
"""
    assert parse_config(text, FILE) == parse_config(MINIMAL, FILE)


class TestTheRegionOfTheCommandLine:
    def test_it_overrides_the_files(self) -> None:
        assert parse_config(MINIMAL, FILE, region="us-east-1").pipeline.region == "us-east-1"

    def test_it_serves_where_the_file_has_none(self) -> None:
        text = MINIMAL.replace('region = "eu-west-1"\n', "")
        assert parse_config(text, FILE, region="cn-north-1").pipeline.region == "cn-north-1"

    def test_a_wrong_one_is_not_blamed_on_the_file(self) -> None:
        with pytest.raises(UsageError, match=r'--region: "eu-west1" is not a region; did you mean "eu-west-1"\?') as e:
            parse_config(MINIMAL, FILE, region="eu-west1")
        assert not isinstance(e.value, ConfigError)


class TestFilesThatCannotBeRead:
    def test_a_missing_file_says_how_to_write_one(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError) as caught:
            load_config(tmp_path / "crosslane.toml")
        assert str(caught.value) == f"{tmp_path}/crosslane.toml: there is no such config file"
        assert caught.value.code == "ConfigMissing"
        assert caught.value.exit_code == 2
        assert "crosslane init" in str(caught.value.next)

    def test_a_missing_file_with_a_similar_one_beside_it(self, tmp_path: Path) -> None:
        (tmp_path / "crosslane.toml").write_text(MINIMAL)
        with pytest.raises(ConfigError) as caught:
            load_config(tmp_path / "croslane.toml")
        assert caught.value.next == f"did you mean {tmp_path / 'crosslane.toml'}?"

    def test_a_missing_file_with_one_in_a_folder_above(self, tmp_path: Path) -> None:
        (tmp_path / "crosslane.toml").write_text(MINIMAL)
        (tmp_path / "app" / "src").mkdir(parents=True)
        with pytest.raises(ConfigError) as caught:
            load_config(tmp_path / "app" / "src" / "crosslane.toml")
        assert str(tmp_path / "crosslane.toml") in str(caught.value.next)

    def test_a_missing_folder(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="there is no such config file"):
            load_config(tmp_path / "no" / "where.toml")

    def test_a_folder(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="is a folder, not a config file"):
            load_config(tmp_path)

    def test_a_file_below_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "f").touch()
        with pytest.raises(ConfigError, match="cannot be read: Not a directory") as caught:
            load_config(tmp_path / "f" / "crosslane.toml")
        assert caught.value.code == "ConfigUnreadable"

    def test_a_name_that_no_file_can_have(self) -> None:
        with pytest.raises(ConfigError, match="cannot be read"):
            load_config(Path("a\0b"))

    def test_bytes_that_are_not_utf8(self, tmp_path: Path) -> None:
        path = tmp_path / "crosslane.toml"
        path.write_bytes(b"version = 1\n# caf\xe9\n")
        with pytest.raises(ConfigError) as caught:
            load_config(path)
        assert str(caught.value) == f"{path}:2: is not UTF-8"

    def test_utf16_as_some_editors_save_it(self, tmp_path: Path) -> None:
        path = tmp_path / "crosslane.toml"
        path.write_text(MINIMAL, encoding="utf-16")
        with pytest.raises(ConfigError, match="is UTF-16, not UTF-8"):
            load_config(path)

    def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(self, tmp_path: Path) -> None:
        path = tmp_path / "crosslane.toml"
        path.write_bytes(b"\xef\xbb\xbf" + MINIMAL.replace("\n", "\r\n").encode())
        assert load_config(path).pipeline.name == "sample-lambda"


class TestSyntax:
    def test_the_line_and_column_are_told(self) -> None:
        error = problem(MINIMAL.replace('name = "sample-lambda"', 'name = "sample-lambda'))
        assert (error.code, error.line) == ("ConfigSyntax", 4)
        assert str(error).startswith("/project/crosslane.toml:4: not valid TOML, at column ")

    def test_an_unquoted_id_with_a_leading_zero(self) -> None:
        error = problem(MINIMAL.replace('"033333333333"', "033333333333"))
        assert error.line == line_of(MINIMAL, "033333333333")
        assert "must be a quoted string of 12 digits" in error.message
        assert "leading zeros" in error.message

    def test_a_value_without_quotes(self) -> None:
        error = problem(MINIMAL.replace('"eu-west-1"', "eu-west-1"))
        assert (error.line, error.next) == (5, "put the value in double quotes")

    def test_the_same_key_twice(self) -> None:
        error = problem(MINIMAL.replace('region = "eu-west-1"', 'region = "eu-west-1"\nregion = "eu-west-2"'))
        assert error.line == 6

    def test_a_file_that_ends_too_early(self) -> None:
        error = problem("version = 1\n[pipeline]\nname = [")
        assert error.line == 3

    @pytest.mark.parametrize("text", ["a = " + "9" * 5000, "a = " + "[" * 5000])
    def test_what_python_cannot_take_is_an_error_too(self, text: str) -> None:
        assert problem(text).code == "ConfigSyntax"


def change(old: str, new: str) -> str:
    assert MINIMAL.count(old) == 1, old
    return MINIMAL.replace(old, new)


SLIPS = [
    # what was written, the line it is on (by a part of it), the code, a part of the message
    (change("version = 1\n", ""), None, "MissingKey", "there is no version; write version = 1"),
    (change("version = 1", "version = 2"), "version", "UnsupportedVersion", "reads version 1 of the config only"),
    (change("version = 1", 'version = "1"'), "version", "WrongType", "must be the number 1, not a string"),
    (change("version = 1", "version = true"), "version", "WrongType", "must be the number 1, not a boolean"),
    (
        change("version = 1", "version = 1\nverson = 1"),
        "verson",
        "UnknownKey",
        'unknown key verson; did you mean "version"?',
    ),
    (
        change('region = "eu', 'regoin = 1\nregion = "eu'),
        "regoin",
        "UnknownKey",
        'pipeline.regoin; did you mean "region"?',
    ),
    (
        change('{ account = "dev" }', '{ account = "dev", brnch = "x" }'),
        "brnch",
        "UnknownKey",
        'pipeline.source.brnch; did you mean "branch"?',
    ),
    (
        change('"444444444444"', '"444444444444", profil = "x"'),
        "prod =",
        "UnknownKey",
        'accounts.prod.profil; did you mean "profile"?',
    ),
    (MINIMAL + "approvl = true", "approvl", "UnknownKey", 'stages[1].approvl; did you mean "approval"?'),
    (MINIMAL + "[bootstrap]\nusr = 'x'", "usr", "UnknownKey", 'bootstrap.usr; did you mean "user"?'),
    (MINIMAL + "[sign-in]\n", "sign-in", "UnknownKey", 'sign-in; did you mean "sign_in"?'),
    (MINIMAL + "[sign_in]\nurl = 'x'", "url", "UnknownKey", "sign_in.url; known: start_url, region, permission_set"),
    (MINIMAL + "[names]\nbuckets = 'x'", "buckets", "UnknownKey", 'names.buckets; did you mean "bucket"?'),
    (MINIMAL + "[names]\nqqq = 'x'", "qqq", "UnknownKey", "names.qqq; known: prerequisites_stack"),
    (MINIMAL + '[names]\n"a\\tb" = "x"', '"a', "UnknownKey", r'names."a\tb"'),
    (
        change('name = "sample-lambda"', "name = 5"),
        "name = 5",
        "WrongType",
        "pipeline.name must be a string, not a number",
    ),
    (change('name = "sample-lambda"\n', ""), "[pipeline]", "MissingKey", "pipeline.name is missing"),
    (
        change('name = "sample-lambda"', 'name = "sample.lambda"'),
        "sample.lambda",
        "BadName",
        "is not a pipeline's name: letters, digits and hyphens",
    ),
    (change('name = "sample-lambda"', 'name = ""'), 'name = ""', "BadName", 'pipeline.name: "" is empty'),
    (change('name = "sample-lambda"', "name = 2020-01-01"), "2020", "WrongType", "not a date or time"),
    (change('region = "eu-west-1"\n', ""), "[pipeline]", "MissingKey", "no region: write pipeline.region"),
    (change('"eu-west-1"', '"eu-west1"'), "eu-west1", "BadRegion", 'is not a region; did you mean "eu-west-1"?'),
    (change('"eu-west-1"', '"Ireland"'), "Ireland", "BadRegion", '"Ireland" is not a region'),
    (change('"eu-west-1"', '"us-iso-east-1"'), "us-iso", "BadRegion", "a partition that crosslane does not support"),
    (change('source = { account = "dev" }\n', ""), "[pipeline]", "MissingKey", "pipeline.source is missing"),
    (change('{ account = "dev" }', "{}"), "source", "MissingKey", "pipeline.source.account is missing"),
    (change('{ account = "dev" }', '"dev"'), "source", "WrongType", "pipeline.source must be a table, not a string"),
    (
        change('{ account = "dev" }', '{ account = "Dev" }'),
        "source",
        "UnknownAccount",
        'no account "Dev"; did you mean "dev"?',
    ),
    (
        change('account = "dev"', 'account = "dev", provider = "github"'),
        "source",
        "UnknownProvider",
        'only "codecommit" is',
    ),
    (
        change('account = "dev"', 'account = "dev", repository = "a b"'),
        "source",
        "BadName",
        "a CodeCommit repository's name",
    ),
    (change('account = "dev"', 'account = "dev", repository = "x.git"'), "source", "BadName", "does not end with .git"),
    (change('account = "dev"', 'account = "dev", branch = "a..b"'), "source", "BadName", "is not a branch's name"),
    (change('region = "eu', 'app = ""\nregion = "eu'), "app", "BadPath", "must be the path of a folder"),
    (
        change('region = "eu', 'app = ["a"]\nregion = "eu'),
        "app",
        "WrongType",
        "pipeline.app must be a string, not an array",
    ),
    (
        change('"222222222222"', '"22222222222"'),
        "dev =",
        "BadAccountId",
        '"22222222222" is not an account id: exactly 12 digits',
    ),
    (
        change('"222222222222"', "222222222222"),
        "dev =",
        "BadAccountId",
        "put its 12 digits in quotes (a number would lose its leading zeros)",
    ),
    (change('"222222222222"', '"２２２２２２２２２２２２"'), "dev =", "BadAccountId", "exactly 12 digits"),
    (
        change('id = "222222222222", ', ""),
        "dev =",
        "MissingKey",
        "accounts.dev.id is missing; it is the account's 12 digits, in quotes",
    ),
    (
        change('{ id = "222222222222", profile = "dev" }', '"222222222222"'),
        "dev =",
        "WrongType",
        "accounts.dev must be a table, not a string",
    ),
    (
        change("dev = {", '"d v" = { id = "555555555555" }\ndev = {'),
        "d v",
        "BadName",
        '"d v" is not the config\'s name of an account',
    ),
    (change('profile = "dev"', 'profile = "d]v"'), "d]v", "BadName", "is not a profile's name"),
    (change('profile = "dev"', 'profile = "tools"'), "dev =", "DuplicateProfile", "a profile signs in to one account"),
    (
        change('profile = "dev"', 'profile = "tools_admin"'),
        "dev =",
        "ProfileClash",
        "is the name of a profile that the bootstrap of tools writes",
    ),
    (
        change('"222222222222"', '"111111111111"'),
        "dev =",
        "DuplicateAccountId",
        "accounts.tools and accounts.dev have the same id 111111111111; each name stands for",
    ),
    (change("tools = {", "tool = {"), "[accounts]", "MissingTools", "accounts has no tools"),
    (MINIMAL[: MINIMAL.index("[[stages]]")], None, "NoStages", "there are no stages"),
    (
        MINIMAL[: MINIMAL.index("[[stages]]")].replace("[pipeline]", "stages = []\n[pipeline]"),
        "stages",
        "NoStages",
        "at least one [[stages]]",
    ),
    (MINIMAL[: MINIMAL.index("[[stages]]")] + "[stages]\nname = 'x'", "[stages]", "WrongType", "write [[stages]]"),
    (
        MINIMAL.replace("[pipeline]", "stages = ['x']\n[pipeline]")[: MINIMAL.index("[[stages]]") + 15],
        "stages",
        "WrongType",
        "stages[0] must be a table, not a string",
    ),
    (change('name = "production"\n', ""), 18, "MissingKey", "stages[1] has no name"),
    (change('account = "prod"\n', ""), 18, "MissingKey", "stages[1] has no account"),
    (
        change('account = "prod"', 'account = "production"'),
        'account = "production"',
        "UnknownAccount",
        'stages[1].account: there is no account "production"',
    ),
    (
        change('name = "production"', 'name = "test"'),
        None,
        "DuplicateStage",
        'stages[1]: there is already a stage "test"',
    ),
    (
        change('name = "production"', 'name = "Te-st"'),
        "Te-st",
        "DuplicateStage",
        'which "Te-st" differs from in case or hyphens only',
    ),
    (change('name = "production"', 'name = "1st"'), "1st", "BadName", "is not a stage's name"),
    (
        change('name = "production"', f'name = "{"p" * 81}"'),
        "ppp",
        "BadName",
        "has 81 characters; a stage's name has at most 80",
    ),
    (
        change('name = "production"', 'name = "pipeline"'),
        'name = "pipeline"',
        "DuplicateName",
        'two stacks would have the name "sample-lambda-pipeline"',
    ),
    (
        change("approval = true", 'approval = "true"'),
        "approval",
        "WrongType",
        "must be true or false, without quotes, not a string",
    ),
    (change("approval = true", "approval = 1"), "approval", "WrongType", "must be true or false, not a number"),
    (MINIMAL + '[bootstrap]\nmode = "last"', "mode", "UnknownMode", 'no mode "last"; did you mean "least"?'),
    (MINIMAL + "[bootstrap]\nmode = 1", "mode", "WrongType", "bootstrap.mode must be a string"),
    (
        MINIMAL + '[bootstrap]\naccounts = "tools"',
        'accounts = "',
        "WrongType",
        'must be an array of strings, not a string: write ["tools"]',
    ),
    (
        MINIMAL + "[bootstrap]\naccounts = [\n1,\n]",
        "1,\n]",
        "WrongType",
        "bootstrap.accounts[0] must be a string, not a number",
    ),
    (
        MINIMAL + '[bootstrap]\naccounts = ["tools",\n"tols"]',
        '"tols"',
        "UnknownAccount",
        'no account "tols"; did you mean "tools"?',
    ),
    (MINIMAL + '[bootstrap]\naccounts = ["tools",\n"tools"]', None, "DuplicateAccount", 'names "tools" twice'),
    (MINIMAL + "[bootstrap]\naccounts = []", "accounts = []", "NoBootstrapAccounts", "is empty"),
    (
        MINIMAL + f'[bootstrap]\nuser = "{"u" * 65}"',
        "uuu",
        "BadName",
        "has 65 characters; an IAM user's name has at most 64",
    ),
    (MINIMAL + '[bootstrap]\nuser = "a/b"', "a/b", "BadName", "is not an IAM user's name: letters, digits and _+=,.@-"),
    (MINIMAL + '[bootstrap]\nuser = "{stage}-b"', "{stage}", "BadName", "the only one is {pipeline}"),
    (MINIMAL + f'[bootstrap]\npolicy = "{"p" * 129}"', "ppp", "BadName", "at most 128"),
    (
        MINIMAL + '[bootstrap]\nsession_name = "x"',
        "session_name",
        "BadName",
        "a role session's name has at least 2 characters",
    ),
    (
        MINIMAL + '[bootstrap]\npolicy = "a"\nboundary = "A"',
        "boundary",
        "DuplicateName",
        "two policies would have the name",
    ),
    (
        MINIMAL + '[bootstrap]\nrole = "cloudformationdeployer-role"',
        "role",
        "DuplicateName",
        "bootstrap.role and names.execution_role",
    ),
    (MINIMAL + "[bootstrap]\nkey_max_age_days = 0", "key_max", "OutOfRange", "is 0; it must be from 1 to 3650"),
    (MINIMAL + "[bootstrap]\nkey_max_age_days = 9.5", "key_max", "WrongType", "must be a whole number"),
    (MINIMAL + '[sign_in]\nstart_url = "http://x"', "start_url", "BadName", "an https:// address"),
    (MINIMAL + '[sign_in]\nregion = "x"', 'region = "x"', "BadRegion", "sign_in.region"),
    (MINIMAL + '[sign_in]\npermission_set = "a b"', "a b", "BadName", "a permission set's name"),
    (MINIMAL + '[names]\nbucket = "Upper"', "Upper", "BadName", "is not a bucket's name"),
    (MINIMAL + '[names]\nsource_stack = "a_b"', "a_b", "BadName", "is not a stack's name"),
    (MINIMAL + '[names]\nkey_alias = "alias/x"', "alias/x", "BadName", "without alias/ in front"),
    (
        MINIMAL + '[names]\nbuild_role = "X"\npipeline_role = "x"',
        "pipeline_role",
        "DuplicateName",
        "names.build_role and names.pipeline_role",
    ),
    (MINIMAL + '[names]\nbucket = "a\\nb"', "bucket", "BadName", r'"a\nb" is not'),
    (
        change('"sample-lambda"', f'"{"n" * 47}"') + '[names]\nbuild_role = "x"',
        "nnn",
        "BadName",
        "which has 65 characters; an IAM role's name has at most 64",
    ),
]


@pytest.mark.parametrize(("text", "part", "code", "message"), SLIPS)
def test_a_slip_is_told_once_with_line_and_remedy(text: str, part: str | int | None, code: str, message: str) -> None:
    error = problem(text)
    assert error.code == code
    assert message in error.message
    assert "\n" not in str(error)
    if part is not None:
        assert error.line == (part if isinstance(part, int) else line_of(text, part))
        assert str(error).startswith(f"{FILE}:{error.line}: ")


def test_no_accounts_at_all_is_said_once_and_not_again_by_every_reference() -> None:
    start, end = MINIMAL.index("[accounts]"), MINIMAL.index("[[stages]]")
    error = problem(MINIMAL[:start] + MINIMAL[end:])
    assert "there is no [accounts]" in error.message


def test_empty_tables_are_told_too() -> None:
    text = MINIMAL[MINIMAL.index("[[stages]]") :].replace('account = "', '# account = "') + "[pipeline]\n[accounts]\n"
    assert [error.code for error in problems(text)] == [
        "MissingKey",  # version
        "MissingKey",  # stages[0].account
        "MissingKey",  # stages[1].account
        "MissingKey",  # pipeline.name
        "MissingKey",  # pipeline.region
        "MissingKey",  # pipeline.source
        "MissingTools",
    ]


def test_all_problems_are_told_in_the_order_of_their_lines() -> None:
    text = MINIMAL.replace("eu-west-1", "eu-west1").replace('account = "prod"', 'account = "prd"')
    text = text.replace('"222222222222"', '"2"') + "[bootstrap]\nmode = 'x'\nkey_max_age_days = -1\n"
    found = problems(text)
    assert [error.line for error in found] == [5, 10, 20, 23, 24]
    assert str(found[0]).count("\n") == 4
    assert re.findall(r"^/project/crosslane\.toml:(\d+): ", str(found[0]), re.M) == ["5", "10", "20", "23", "24"]


def test_a_number_too_long_to_be_shown() -> None:
    error = problem(MINIMAL + f"[bootstrap]\nkey_max_age_days = 0x{'f' * 5000}")
    assert error.message == "bootstrap.key_max_age_days is far out of range; it must be from 1 to 3650"


def test_advice_is_not_lost_when_there_are_more_problems() -> None:
    text = MINIMAL.replace("version = 1", "version = 2").replace('"222222222222"', '"111111111111"')
    assert (
        problem(MINIMAL.replace("version = 1", "version = 2")).next
        == "install a newer crosslane, or correct the version"
    )
    first, second = str(problems(text)[0]).splitlines()
    assert first.endswith("; install a newer crosslane, or correct the version")
    assert second.endswith('; keep one, and name it in both places, as in account = "tools"')


def test_a_problem_in_a_file_that_is_nested_beyond_reason() -> None:
    text = MINIMAL + f"[names]\nbucket = {'[' * 300}{']' * 300}\n"
    assert "names.bucket must be a string" in problems(text)[0].message


def test_a_pipeline_of_more_than_fifty_stages() -> None:
    stage = '[[stages]]\nname = "s{}"\naccount = "test"\napproval = true\n'
    fits = MINIMAL + "".join(stage.format(i) for i in range(22))
    assert len(parse_config(fits, FILE).stages) == 24
    error = problem(fits + stage.format(22))
    assert (error.code, "would have 51 stages" in error.message) == ("TooManyStages", True)


def test_find_config_looks_in_the_folders_above(tmp_path: Path) -> None:
    (tmp_path / "crosslane.toml").write_text(MINIMAL)
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert find_config(tmp_path / "a" / "b") == tmp_path / "crosslane.toml"
    assert find_config(tmp_path) == tmp_path / "crosslane.toml"


def test_the_path_is_kept_as_given_in_messages_and_made_absolute_in_the_config(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("crosslane.toml").write_text(MINIMAL)
    assert load_config(Path("crosslane.toml")).path == tmp_path.resolve() / "crosslane.toml"
    Path("crosslane.toml").write_text("")
    with pytest.raises(ConfigError) as caught:
        load_config(Path("crosslane.toml"))
    assert str(caught.value).startswith("crosslane.toml: there is no version")


JSON_LIKE = st.recursive(
    st.one_of(st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=5,
)


def _paths(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, inner in items for found in _paths(inner, (*path, key)))]


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_any_value_in_any_place_gives_a_config_or_a_clear_error(data: st.DataObject) -> None:
    import tomllib

    from crosslane.config.build import build_config

    full = MINIMAL + '[bootstrap]\nmode = "least"\naccounts = ["tools"]\nuser = "u"\n[sign_in]\nregion = "eu-west-1"\n'
    document = tomllib.loads(full + '[names]\nbucket = "buc"\n')
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(_paths(document)))
        target: object = document
        for part in path[:-1]:
            target = target[part]  # type: ignore[index]
        if path:
            target[path[-1]] = data.draw(JSON_LIKE)  # type: ignore[index]
    config, problems = build_config(document, FILE, None)
    assert (config is None) == bool(problems)
    for found in problems:
        assert found.message.isprintable()


@settings(max_examples=200, deadline=None)
@given(st.text())
def test_any_text_gives_a_config_or_a_config_error(text: str) -> None:
    for error in problems(text):
        assert error.message.isprintable()
