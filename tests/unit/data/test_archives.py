from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from classmark.data import archives
from classmark.data.archives import read_members
from classmark.errors import InputError
from made import make_tar

CONTENT = {"set/a.txt": b"first", "set/deep/b.txt": b"second", "set/c.jpg": b"\xff\xd8"}


def make_zip(path: Path, content: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, data in content.items():
            opened.writestr(name, data)
    return path


def everything(name: str) -> bool:
    return True


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        list(read_members(path, everything))
    return str(caught.value)


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_a_tar_gives_names_and_contents_in_order(tmp_path: Path, mode: str) -> None:
    path = make_tar(tmp_path / "set.tar", CONTENT, mode)
    assert list(read_members(path, everything)) == list(CONTENT.items())


@pytest.mark.parametrize("make", [make_tar, make_zip])
def test_only_wanted_members_are_given(tmp_path: Path, make: Callable[[Path, dict[str, bytes]], Path]) -> None:
    path = make(tmp_path / "set", CONTENT)
    assert list(read_members(path, lambda name: name.endswith(".jpg"))) == [("set/c.jpg", b"\xff\xd8")]


@pytest.mark.parametrize("make", [make_tar, make_zip])
@pytest.mark.parametrize("name", ["/etc/passwd", "../up.txt", "set/../../up.txt", "..\\up.txt", "C:/up.txt"])
def test_a_name_that_leads_out_is_refused(
    tmp_path: Path, make: Callable[[Path, dict[str, bytes]], Path], name: str
) -> None:
    path = make(tmp_path / "set", {"a.txt": b"", name: b"x"})
    shown = name.replace("\\", "/") if make is make_zip else name
    assert refusal(path) == f"{path}: {shown} leads out of the archive. The archive is refused."


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_a_tar_are_refused(tmp_path: Path, kind: bytes) -> None:
    path = tmp_path / "set.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        member = tarfile.TarInfo("odd")
        member.type = kind
        member.linkname = "a.txt"
        tar.addfile(member)
    assert refusal(path) == (
        f"{path}: odd is a link, a device or a sparse file; a data set has none. The archive is refused."
    )


@pytest.mark.parametrize("kind", [0o120000, 0o020000])
def test_links_and_devices_in_a_zip_are_refused(tmp_path: Path, kind: int) -> None:
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w") as opened:
        member = zipfile.ZipInfo("odd")
        member.external_attr = (kind | 0o644) << 16
        opened.writestr(member, "a.txt")
    assert refusal(path) == f"{path}: odd is a link or a device; a data set has none. The archive is refused."


@pytest.mark.parametrize("make", [make_tar, make_zip])
def test_a_huge_member_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path, dict[str, bytes]], Path]
) -> None:
    monkeypatch.setattr(archives, "MOST_MEMBER_BYTES", 1_000)
    path = make(tmp_path / "set", {"big.txt": bytes(1_001)})
    assert refusal(path) == (
        f"{path}: big.txt has 1,001 bytes, more than the 1,000 of a data set's largest file. The archive is refused."
    )


def test_too_much_in_all_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_TOTAL_BYTES", 1_000)
    path = make_tar(tmp_path / "set.tar.gz", {f"{number}.txt": bytes(400) for number in range(3)})
    assert refusal(path) == f"{path}: unpacks to more than 1,000 bytes. The archive is refused."


def test_too_many_members_are_refused_folders_included(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_MEMBERS", 2)
    path = tmp_path / "set.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for number in range(3):
            member = tarfile.TarInfo(f"folder{number}")
            member.type = tarfile.DIRTYPE
            tar.addfile(member)
    assert refusal(path) == f"{path}: more than 2 members. The archive is refused."


@pytest.mark.parametrize("long_name_format", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_bloated_header_is_refused_before_it_fills_the_memory(tmp_path: Path, long_name_format: int) -> None:
    path = tmp_path / "set.tar.gz"
    with tarfile.open(path, "w:gz", format=long_name_format) as tar:
        tar.addfile(tarfile.TarInfo("n" * (2 << 20)))
    message = refusal(path)
    assert message.startswith(f"{path}: truncated, damaged or no archive (a header of 2,097,1")
    assert message.endswith(" bytes). Fetch it again.")


@pytest.mark.parametrize("make", [make_tar, make_zip])
def test_a_truncated_archive_is_one_clear_sentence(
    tmp_path: Path, make: Callable[[Path, dict[str, bytes]], Path]
) -> None:
    incompressible = bytes((number * number * 31 + number // 7) % 251 for number in range(50_000))
    path = make(tmp_path / "set", {"a.txt": incompressible, "b.txt": incompressible[::-1]})
    path.write_bytes(path.read_bytes()[:-500])
    message = refusal(path)
    assert message.startswith(f"{path}: truncated, damaged or no archive (")
    assert message.endswith("). Fetch it again.")
    assert "\n" not in message


def test_what_is_no_archive_is_said_to_be_none(tmp_path: Path) -> None:
    path = tmp_path / "set.tar.gz"
    path.write_text("<html>404 not found</html>")
    assert refusal(path).startswith(f"{path}: truncated, damaged or no archive (")
