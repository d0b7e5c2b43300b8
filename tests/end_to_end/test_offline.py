"""With --sandbox nothing but this machine is reached, and the person's own AWS files are neither read nor written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.end_to_end.place import CONFIG, PROGRAM, person
from tests.sandbox.loopback import run

TRAP = {
    "HTTPS_PROXY": "http://192.0.2.1:3128",
    "HTTP_PROXY": "http://192.0.2.1:3128",
    "AWS_ENDPOINT_URL": "https://192.0.2.2",
    "AWS_ENDPOINT_URL_IAM": "https://192.0.2.3",
    "AWS_PROFILE": "default",
    "AWS_ACCESS_KEY_ID": "AKIAREAL",
    "AWS_SECRET_ACCESS_KEY": "real",
}


@pytest.mark.parametrize("commands", [(("up",),), (("plan", "--json"), ("verify",), ("destroy", "--yes"))])
def test_no_command_reaches_out_or_opens_the_persons_files(
    tmp_path: Path, commands: tuple[tuple[str, ...], ...]
) -> None:
    (tmp_path / "crosslane.toml").write_text(CONFIG.format(region="eu-west-1"))
    environment = person(tmp_path) | TRAP
    aws = tmp_path / "home" / ".aws"
    aws.mkdir()
    (aws / "config").write_text("[default]\nregion = us-west-2\nendpoint_url = https://192.0.2.4\n")
    (aws / "credentials").write_text("[default]\naws_access_key_id = AKIAREAL\naws_secret_access_key = real\n")
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in aws.iterdir()}

    for arguments in commands:
        seen = run([*PROGRAM, *arguments, "--sandbox"], cwd=tmp_path, environment=environment)

        assert seen.returncode in (0, 1), seen.stderr
        assert "127.0.0.1" in seen.reached
        assert seen.outside == []
        assert [path for path in seen.opened if path.startswith(str(tmp_path / "home"))] == []
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in aws.iterdir()} == before
