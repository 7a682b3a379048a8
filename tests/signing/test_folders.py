"""A signature of a folder covers every file in it: what an attacker changes there is refused."""

import os
import shutil

import pytest

import keramos
from hostile.generate_content import network
from keramos.compile.saved_model.meta_graph import saved_model
from keramos.errors import ModelError, SignatureError
from keramos.signing.signing import new_key, sign

pytest.importorskip("model_signing", reason="needs the extra: pip install 'keramos[sign]'")


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return new_key(tmp_path_factory.mktemp("keys") / "key")


@pytest.fixture
def folder(tmp_path, keys):
    path = tmp_path / "m"
    (path / "assets").mkdir(parents=True)
    (path / "saved_model.pb").write_bytes(saved_model(network()))
    (path / "assets" / "words.txt").write_text("a\nb\n")
    sign(path, key=keys[0])
    keramos.load(path, require_signature=keys[1])
    return path


def _outside(folder):
    other = folder.parent / "outside.txt"
    other.write_text("a\nb\n")
    return other


def _linked(folder):
    (folder / "assets" / "words.txt").unlink()
    (folder / "assets" / "words.txt").symlink_to(_outside(folder))


def _folder_linked(folder):
    shutil.move(folder / "assets", folder.parent / "elsewhere")
    (folder / "assets").symlink_to(folder.parent / "elsewhere")


def _case(folder):
    words = folder / "assets" / "words.txt"
    (folder / "assets" / "WORDS.TXT").write_bytes(words.read_bytes())


def _hard_link(folder):
    other = _outside(folder)
    (folder / "assets" / "words.txt").unlink()
    os.link(other, folder / "assets" / "words.txt")
    other.write_text("c\nd\n")


CHANGES = {
    "a byte": lambda at: (at / "assets" / "words.txt").write_text("a\nc\n"),
    "another file": lambda at: (at / "assets" / "more.txt").write_text("x"),
    "an empty file": lambda at: (at / "keras_metadata.pb").touch(),
    "a missing file": lambda at: (at / "assets" / "words.txt").unlink(),
    "another name": lambda at: (at / "assets" / "words.txt").rename(at / "assets" / "word.txt"),
    "another folder": lambda at: (at / "assets" / "words.txt").rename(at / "words.txt"),
    "a name in capitals": _case,
    "a link": _linked,
    "a linked folder": _folder_linked,
    "a hard link that changed": _hard_link,
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_changed_in_a_signed_folder_is_refused(folder, keys, change):
    CHANGES[change](folder)

    with pytest.raises(ModelError) as caught:
        keramos.load(folder, require_signature=keys[1])
    if "link" not in change or "hard" in change:
        assert isinstance(caught.value, SignatureError)


def test_files_that_are_never_read_may_come_and_go(folder, keys):
    (folder / ".DS_Store").write_bytes(b"x")
    keramos.load(folder, require_signature=keys[1])


def test_what_is_checked_is_what_is_used(folder, keys, monkeypatch):
    """The file is exchanged between the check and the parse; the bytes of the check count."""
    from keramos.artifact.containers import table

    recognise = table.form_of

    def exchanged(source):
        (folder / "saved_model.pb").write_bytes(b"not a model")
        return recognise(source)

    monkeypatch.setattr("keramos.artifact.read.form_of", exchanged)
    keramos.load(folder, require_signature=keys[1])
