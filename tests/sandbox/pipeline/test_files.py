"""Artifacts: which files a buildspec means, and ZIP files taken apart."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from crosslane.sandbox.builds.buildspec import Artifact
from crosslane.sandbox.builds.files import NoFilesError, pack, unpack


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """a, out/b, out/deep/c, out-2/d"""
    for name in ("a", "out/b", "out/deep/c", "out-2/d"):
        path = tmp_path / "src" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / "src"


def _names(data: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.namelist()


@pytest.mark.parametrize(
    ("artifact", "names"),
    [
        (Artifact(("a",)), ["a"]),
        (Artifact(("**/*",)), ["a", "out-2/d", "out/b", "out/deep/c"]),
        (Artifact(("*",)), ["a"]),
        (Artifact(("out/*",)), ["out/b"]),
        (Artifact(("out/**/*",)), ["out/b", "out/deep/c"]),
        (Artifact(("**/*",), "out"), ["b", "deep/c"]),
        (Artifact(("**/*",), "./out/"), ["b", "deep/c"]),
        (Artifact(("**/*",), "out*"), ["b", "d", "deep/c"]),
        (Artifact(("**/*",), "out", True), ["b", "c"]),
        (Artifact(("**/*",), None, False, ("out/**/*",)), ["a", "out-2/d"]),
        (Artifact(("./a", "out/?")), ["a", "out/b"]),
    ],
)
def test_paths_choose_files(source: Path, artifact: Artifact, names: list[str]) -> None:
    assert _names(pack(artifact, source, lambda line: None)) == names


def test_an_absolute_path_below_the_source_is_meant_from_there(source: Path) -> None:
    assert _names(pack(Artifact((f"{source}/out/b",)), source, lambda line: None)) == ["out/b"]


def test_what_matches_nothing_is_told_and_fails_when_it_is_all(source: Path) -> None:
    told: list[str] = []
    assert _names(pack(Artifact(("a", "nothing")), source, told.append)) == ["a"]
    assert told == ["Skipping invalid file path nothing"]
    for artifact in (Artifact(("nothing",)), Artifact(("**/*",), "nowhere")):
        with pytest.raises(NoFilesError):
            pack(artifact, source, told.append)


def test_modes_and_links_survive_and_names_that_lead_out_are_refused(tmp_path: Path) -> None:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        program = zipfile.ZipInfo("run.sh")
        program.external_attr = 0o100755 << 16
        archive.writestr(program, "x")
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "run.sh")
    unpack(written.getvalue(), tmp_path / "good")
    assert (tmp_path / "good" / "run.sh").stat().st_mode & 0o111
    assert (tmp_path / "good" / "link").read_text() == "x"
    for name in ("../out", "/out", "a/../../out"):
        bad = io.BytesIO()
        with zipfile.ZipFile(bad, "w") as archive:
            archive.writestr(name, "x")
        with pytest.raises(zipfile.BadZipFile):
            unpack(bad.getvalue(), tmp_path / "bad")
