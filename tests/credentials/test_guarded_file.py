"""Several writers at once, and writers that are killed."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from crosslane.credentials.profile import ProfileChange
from crosslane.credentials.profile_files import ProfileFiles

WRITER = """
import sys
from pathlib import Path
from crosslane.credentials.profile import ProfileChange
from crosslane.credentials.profile_files import ProfileFiles
files = ProfileFiles.from_environment({}, Path(sys.argv[1]))
for number in range(int(sys.argv[3])):
    both = {"region": f"{sys.argv[2]}-{number}"}
    files.store([ProfileChange(f"{sys.argv[2]}_{number % 5}", both, both, "w@1")])
"""

REWRITER = """
import itertools, sys
from pathlib import Path
from crosslane.credentials.profile import ProfileChange
from crosslane.credentials.profile_files import ProfileFiles
files = ProfileFiles.from_environment({}, Path(sys.argv[1]))
for number in itertools.count():
    both = {"region": f"{number}" * 2000}
    files.store([ProfileChange("w", both, both, "w@1")])
    print(number, flush=True)
"""


def start(code: str, *arguments: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE)


def test_writers_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    files = ProfileFiles.from_environment({}, tmp_path)
    files.store([ProfileChange("mine", {"aws_access_key_id": "AKIA"}, {"region": "x"})])
    writers = [start(WRITER, str(tmp_path), f"p{number}", "20") for number in range(4)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0, 0]
    assert len(files.names()) == 1 + 4 * 5
    for number in range(4):
        for last in range(5):
            profile = files.profile(f"p{number}_{last}")
            assert profile is not None
            assert (profile.region, profile.owner, len(profile.sources)) == (f"p{number}-{15 + last}", "w@1", 2)


def test_a_writer_killed_at_any_instant_leaves_a_whole_file_and_no_left_overs(tmp_path: Path) -> None:
    files = ProfileFiles.from_environment({}, tmp_path)
    files.config_path.parent.mkdir()
    untouched = "# mine\n[mine]\nregion = x\n"
    files.credentials_path.write_text(untouched)
    chance = random.Random(20)
    left_over = 0
    for _ in range(15):
        writer = start(REWRITER, str(tmp_path))
        assert writer.stdout is not None
        assert writer.stdout.readline()
        time.sleep(chance.uniform(0, 0.03))
        writer.send_signal(signal.SIGKILL)
        writer.wait(10)
        writer.stdout.close()
        for path in (files.credentials_path, files.config_path):
            text = path.read_text()
            value = text.split("[w]\n" if path == files.credentials_path else "[profile w]\n")[1].splitlines()[0]
            number = value.removeprefix("region = ")
            assert number == number[: len(number) // 2000] * 2000
            assert text.endswith("crosslane_pipeline = w@1\n")
        assert files.credentials_path.read_text().startswith(untouched)
        left_over += sum(1 for _ in tmp_path.glob(".aws/*.crosslane-new"))
    files.store([ProfileChange("w", {"region": "last"}, {"region": "last"}, "w@1")])
    assert sorted(path.name for path in files.config_path.parent.iterdir()) == [
        "config",
        "config.crosslane-lock",
        "credentials",
        "credentials.crosslane-backup",
        "credentials.crosslane-lock",
    ]
    assert left_over > 0, "no writer was killed while it wrote; the test shows nothing"
