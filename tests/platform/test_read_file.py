"""Files that a person names are read where they are regular, up to a bound."""

import os

import pytest

from keramos.platform.read_file import read_file


def test_a_regular_file_is_read_up_to_its_bound(tmp_path):
    path = tmp_path / "f"
    path.write_bytes(b"12345")
    assert read_file(path, 5) == b"12345"
    with pytest.raises(OSError, match="more than 4 bytes"):
        read_file(path, 4)


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "pipe", "."])
def test_what_is_not_a_regular_file_is_refused_at_once(device, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match=r"not a regular file|Is a directory"):
        read_file(tmp_path / device, 1 << 20)
