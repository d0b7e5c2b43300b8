"""Reading: what AWS tools see in a file, and what they refuse."""

from pathlib import Path

import pytest
from botocore.configloader import load_config, raw_config_parse
from botocore.exceptions import ConfigParseError

from crosslane.credentials.section_text import outline, read_named, read_profiles, read_sections

CONFIG = """\
# my accounts
[default]
region = eu-west-1 ; not a comment
output=json

[profile tools]
REGION : eu-central-1
s3 =
    max_concurrent_requests = 20
    # fewer at night
    addressing_style = path
credential_process = /opt/bin/tool
    --account tools

[profile "with space"]
   region = us-east-1
   output = text
[sso-session corp]
sso_start_url = https://d-1.awsapps.com/start

[services local]
iam =
  endpoint_url = http://127.0.0.1:5000
[preview]
cloudsearch = true
"""


def test_everything_in_an_ordinary_file_reads_as_botocore_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(CONFIG)
    theirs = load_config(str(path))
    assert read_sections(CONFIG) == raw_config_parse(str(path))
    assert read_profiles(CONFIG) == theirs["profiles"]
    assert read_named(CONFIG, "sso-session") == theirs["sso_sessions"]
    assert read_named(CONFIG, "services") == theirs["services"]
    assert outline(CONFIG).problems == ()


@pytest.mark.parametrize(
    "text",
    [
        "[profile 'a b']\nregion=x\n",
        "[profile x] # work\nregion = x\n",
        '[profile x]\nregion=1\n[profile "x"]\noutput=2\n',
        "[default]\nregion=1\n[profile default]\noutput=2\n",
        "[DEFAULT]\nregion = shared\n[profile x]\noutput = json\n[profile y]\nregion = own\n",
        "[profile x]\r\nregion = a\r\n\r\noutput = b\r\n",
        "[profile x]\rregion = a\rservices = b",
        "[profile x]\n  region = a\n  output = b\n",
        "[profile x]\nregion = a\n\n  b\n\noutput = c",
        "[profile x]\nkey with space = a = b : c\n",
        "[profile x]\nempty =\n\n[profile y]\n",
        "[profile x]\nnote = grüße\xa0\n",
        "[profile x y z]\nregion = a\n[profile 'x]\nregion = b\n",
        "[a]\nx = 1\n  [b]\ny = 2\n",
        "[profile x]\nregion =\n  a=b\x0bc=d\n",
        "\n# only a comment\n",
        "",
    ],
)
def test_unusual_files_read_as_botocore_reads_them(text: str, tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_bytes(text.encode())
    assert read_sections(text) == raw_config_parse(str(path))
    assert read_profiles(text) == load_config(str(path))["profiles"]
    assert outline(text).problems == ()


@pytest.mark.parametrize(
    ("text", "line", "reason", "region"),
    [
        ("[x]\noutput = a\n[x]\nregion = b\n", 3, "[x] is there twice", "b"),
        ("[x]\nregion = a\nRegion = b\n", 3, "region is there twice in [x]", "b"),
        ("\ufeff[x]\nregion = b\n", 1, "the file starts with a byte order mark", "b"),
        ("region = a\n[x]\nregion = b\n", 1, "no section is open yet", "b"),
        ("[x]\nregion\nregion = b\n", 2, "neither a section, a key with a value, nor a comment", "b"),
        ("[x]\n= a\nregion = b\n", 2, "neither a section, a key with a value, nor a comment", "b"),
        ("[x]\ns3 =\n  path\nregion = b\n", 2, "a line under s3 has no =", "b"),
        ("[x]\nregion = b\nnote = \udcff\n", 3, "not UTF-8", "b"),
    ],
)
def test_a_file_that_aws_tools_refuse_is_read_and_the_reason_is_told(
    text: str, line: int, reason: str, region: str, tmp_path: Path
) -> None:
    path = tmp_path / "credentials"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigParseError):
        raw_config_parse(str(path))
    assert read_sections(text)["x"]["region"] == region
    assert [(problem.line, problem.reason) for problem in outline(text).problems] == [(line, reason)]
