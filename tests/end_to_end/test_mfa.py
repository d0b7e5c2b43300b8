"""Where the deployer's trust asks for MFA, a code is asked for, and without one there is no session."""

from __future__ import annotations

import os
import pty
import subprocess
import termios
import time
from collections.abc import Iterator

import pytest

from crosslane.sandbox.services.sts import totp
from tests.end_to_end.place import PROGRAM, Place, person, place_in

SERIAL = "arn:aws:iam::111111111111:mfa/phone"
DEPLOYER = "tools_admin_deployer"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The user's device is enabled, and the config asks for it."""
    folder = tmp_path_factory.mktemp("mfa")
    with place_in(folder, clock_file=folder / "clock") as found:
        assert found.run("bootstrap").code == 0
        iam = found.aws("tools", "iam")
        device = iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")["VirtualMFADevice"]
        assert device["SerialNumber"] == SERIAL
        (folder / "seed").write_bytes(device["Base32StringSeed"])
        codes = {"AuthenticationCode1": code(found), "AuthenticationCode2": code(found)}
        iam.enable_mfa_device(UserName="admin", SerialNumber=SERIAL, **codes)
        found.append(f'\n[bootstrap]\nmfa_serial = "{SERIAL}"\n')
        result = found.run("bootstrap", "--yes", "--json", "--mfa-code", code(found))
        assert result.code == 0, result.err
        yield found


def code(place: Place) -> str:
    """What the device shows by the sandbox's clock."""
    clock = place.folder / "clock"
    ahead = float(clock.read_text()) if clock.exists() else 0
    seed = (place.folder / "seed").read_text()
    return totp(seed, time.time() + ahead)


def hours_pass(place: Place) -> None:
    clock = place.folder / "clock"
    clock.write_text(str((float(clock.read_text()) if clock.exists() else 0) + 7200))


def test_the_trust_asks_for_a_code_and_the_session_lasts_without_one(place: Place) -> None:
    role = place.aws("tools", "iam").get_role(RoleName="aws-refarch-cross-account-pipeline-service-role")["Role"]
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Condition"]["Bool"] == {"aws:MultiFactorAuthPresent": "true"}
    assert ":assumed-role/" in place.caller(DEPLOYER)
    assert place.run("bootstrap", "--json").document["calls"]["mutating"] == 0


def test_the_key_alone_does_not_become_the_deployer(place: Place) -> None:
    sts = place.client_of("tools_admin", "sts")
    asked = {
        "RoleArn": "arn:aws:iam::111111111111:role/aws-refarch-cross-account-pipeline-service-role",
        "RoleSessionName": "thief",
    }
    for more in (
        {},
        {"SerialNumber": SERIAL, "TokenCode": "000000"},
        {"SerialNumber": "other-device", "TokenCode": "123456"},
    ):
        with pytest.raises(sts.exceptions.ClientError, match="AccessDenied"):
            sts.assume_role(**asked, **more)


def test_without_a_terminal_it_names_the_command_and_goes_on_after_it(place: Place) -> None:
    hours_pass(place)
    result = place.run("up", "--json")
    assert result.code == 3
    assert "crosslane refresh --mfa-code" in str(result.document)

    wrong = place.run("refresh", "--json", "--mfa-code", "000000")
    assert wrong.code == 3
    assert "MultiFactorAuthentication failed" in wrong.document["error"]["message"]

    assert place.run("refresh", "--json", "--mfa-code", code(place)).code == 0
    assert place.up().document["ok"] is True


def test_at_a_terminal_the_code_is_typed_and_not_shown(place: Place) -> None:
    hours_pass(place)
    leader, follower = pty.openpty()
    running = subprocess.Popen(
        [*PROGRAM, "refresh", "--config", str(place.config), "--sandbox"],
        env=person(place.folder),
        stdin=follower,
        stdout=follower,
        stderr=follower,
        start_new_session=True,
        preexec_fn=lambda: os.close(os.open(os.ttyname(follower), os.O_RDWR)),
    )
    shown = b""
    while b"MFA device phone" not in shown:
        shown += os.read(leader, 1024)
    while termios.tcgetattr(leader)[3] & termios.ECHO:
        time.sleep(0.02)
    typed = code(place)
    os.write(leader, typed.encode() + b"\n")
    running.wait(60)
    os.set_blocking(leader, False)
    shown += os.read(leader, 4096)

    assert running.returncode == 0, shown
    assert b"a new session" in shown
    assert typed.encode() not in shown
    os.close(leader)
    os.close(follower)
