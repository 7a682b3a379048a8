"""Signatures: what is signed opens, everything else is not even parsed."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from keramos.artifact.write import write
from keramos.errors import MissingExtraError, SignatureError, UnsafeModelError, UsageError
from keramos.pipeline.inspect import inspect
from keramos.pipeline.load import load
from keramos.pipeline.verify import verify
from keramos.signing.signing import new_key, sign, signed_source
from keramos.types.network import Call, Layer, Network, TensorRef
from support.command import keramos

PASSWORD = "correct horse"  # noqa: S105 (a test's own)


def network(value=1.0):
    layers = {
        "x": Layer("x", "InputLayer", {"batch_shape": [None, 2], "dtype": "float32"}),
        "d": Layer("d", "Dense", {"units": 1, "use_bias": False}, (np.full((2, 1), value, "f4"),)),
    }
    return Network(
        "n", layers, (Call("d", (TensorRef("x"),)),), (TensorRef("x"),), (TensorRef("d"),)
    )


@pytest.fixture
def model(tmp_path):
    write(tmp_path / "m.h5", network(), None)
    return tmp_path / "m.h5"


@pytest.fixture
def keys(tmp_path):
    return new_key(tmp_path / "release")


@pytest.fixture
def signed(model, keys):
    sign(model, key=keys[0])
    return model


def key_of(path, kind, curve="SECP256R1", password=None):
    """Key pair of any curve, encrypted or not, or RSA."""
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    key = (
        rsa.generate_private_key(65537, 2048)
        if kind == "rsa"
        else ec.generate_private_key(getattr(ec, curve)())
    )
    lock = form.BestAvailableEncryption(password.encode()) if password else form.NoEncryption()
    private, public = path.with_suffix(".pem"), path.with_suffix(".pub.pem")
    private.write_bytes(key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, lock))
    public.write_bytes(
        key.public_key().public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)
    )
    return private, public


def test_a_signed_file_opens_for_its_key(signed, keys):
    answers = load(signed, require_signature=keys[1]).predict(np.ones((1, 2), "f4"))

    assert answers.tolist() == [[2.0]]
    assert signed_source(signed, key=keys[1]).main == signed.read_bytes()
    assert inspect(signed, require_signature=keys[1]).parameters == 2


@pytest.mark.parametrize("use", [load, inspect])
def test_an_unsigned_file_is_refused_before_anything_of_it_is_parsed(tmp_path, keys, use):
    path = tmp_path / "any.h5"
    path.write_bytes(b"not a model at all, which nobody finds out")

    with pytest.raises(
        SignatureError,
        match=r"any\.h5: the file is not signed: .*any\.h5\.sig: the file does not exist",
    ):
        use(path, require_signature=keys[1])


def test_a_signed_file_that_is_no_model_is_refused_as_such(tmp_path, keys):
    path = tmp_path / "any.h5"
    path.write_bytes(b"nothing")
    sign(path, key=keys[0])

    with pytest.raises(Exception, match="neither HDF5 nor"):
        load(path, require_signature=keys[1])


def test_another_key_is_named_as_the_reason(signed, tmp_path):
    _, other = new_key(tmp_path / "other")

    with pytest.raises(SignatureError, match="made with another key"):
        load(signed, require_signature=other)


def test_one_changed_bit_is_named_as_the_reason(signed, keys):
    data = bytearray(signed.read_bytes())
    data[-1] ^= 1
    signed.write_bytes(data)

    with pytest.raises(SignatureError, match="not the one that was signed"):
        load(signed, require_signature=keys[1])


def test_a_file_that_changes_while_it_is_checked_gains_nothing(signed, keys, monkeypatch):
    """What is parsed are the very bytes that were checked, not what the path holds a moment
    later.
    """
    import keramos.signing.signing as module

    before = module.any_source

    def read_and_swap(path, limits):
        source = before(path, limits)
        write(signed, network(100.0), None)
        return source

    monkeypatch.setattr(module, "any_source", read_and_swap)
    answers = load(signed, require_signature=keys[1]).predict(np.ones((1, 2), "f4"))

    assert answers.tolist() == [[2.0]]


DAMAGES = {
    "empty": lambda text: b"",
    "cut": lambda text: text[: len(text) // 2],
    "no JSON": lambda text: b"\x80\x02" + text,
    "JSON null": lambda text: b"null",
    "an empty object": lambda text: b"{}",
    "nested deep": lambda text: b"[" * 100_000,
    "no signature in it": lambda text: altered(
        text, lambda envelope: envelope.update(signatures=[])
    ),
    "another signature in it": lambda text: altered(
        text,
        lambda envelope: envelope["signatures"][0].update(sig=base64.b64encode(b"0" * 70).decode()),
    ),
    "another statement in it": lambda text: altered(
        text, lambda envelope: envelope.update(payload=base64.b64encode(b"{}").decode())
    ),
    "another media type": lambda text: text.replace(b"bundle.v0.3", b"bundle.v9.9"),
    "two megabytes": lambda text: text + b" " * (2 << 20),
}


def altered(text, change):
    bundle = json.loads(text)
    change(bundle["dsseEnvelope"])
    return json.dumps(bundle).encode()


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_signature_is_refused(signed, keys, damage, capsys):
    place = Path(f"{signed}.sig")
    place.write_bytes(DAMAGES[damage](place.read_bytes()))

    with pytest.raises(SignatureError, match=r"m\.h5"):
        load(signed, require_signature=keys[1])
    assert capsys.readouterr().out == ""


def test_a_signature_of_an_empty_folder_covers_no_file(model, keys, tmp_path):
    """Ignored paths are part of what is signed; one that ignores everything must not sign
    everything.
    """
    from model_signing import hashing, signing

    (tmp_path / "empty").mkdir()
    for ignored in ([], ["."]):
        config = hashing.Config().set_ignored_paths(paths=ignored)
        signer = (
            signing.Config().use_elliptic_key_signer(private_key=keys[0]).set_hashing_config(config)
        )
        signer.sign(tmp_path / "empty", f"{model}.sig")

        with pytest.raises(SignatureError, match=r"not the one that was signed|covers no file"):
            load(model, require_signature=keys[1])


@pytest.mark.parametrize("how", ["files", "blake3"])
def test_a_signature_by_the_library_itself_holds_here(model, keys, how):
    from model_signing import hashing, signing

    ways = {
        "files": hashing.Config(),
        "blake3": hashing.Config().use_file_serialization(hashing_algorithm="blake3"),
    }
    signer = (
        signing.Config().use_elliptic_key_signer(private_key=keys[0]).set_hashing_config(ways[how])
    )
    signer.sign(model, f"{model}.sig")

    assert load(model, require_signature=keys[1]).predict(np.ones((1, 2), "f4")).tolist() == [[2.0]]


def test_the_library_accepts_a_signature_made_here(signed, keys):
    from model_signing import verifying

    verifying.Config().use_elliptic_key_verifier(public_key=keys[1]).verify(signed, f"{signed}.sig")


def test_the_library_s_own_command_and_this_one_agree_both_ways(signed, keys, tmp_path):
    command = [sys.executable, "-m", "model_signing"]
    theirs = tmp_path / "theirs.sig"
    made = subprocess.run(
        [*command, "sign", "key", signed, "--private_key", keys[0], "--signature", theirs],
        capture_output=True,
        check=False,
    )
    checked = subprocess.run(
        [
            *command,
            "verify",
            "key",
            signed,
            "--public_key",
            keys[1],
            "--signature",
            f"{signed}.sig",
        ],
        capture_output=True,
        check=False,
    )

    assert made.returncode == checked.returncode == 0, made.stderr + checked.stderr
    assert [check.passed for check in verify(signed, key=keys[1], signature=theirs)] == [True] * 4


@pytest.mark.parametrize("curve", ["SECP384R1", "SECP521R1"])
def test_all_curves_of_the_format_work(model, tmp_path, curve):
    private, public = key_of(tmp_path / "key", "ec", curve)
    sign(model, key=private)

    assert load(model, require_signature=public)


def test_an_encrypted_key_takes_its_password_from_the_environment(model, tmp_path, monkeypatch):
    private, public = key_of(tmp_path / "key", "ec", password=PASSWORD)
    with pytest.raises(UsageError, match="KERAMOS_KEY_PASSWORD"):
        sign(model, key=private)

    monkeypatch.setenv("KERAMOS_KEY_PASSWORD", PASSWORD)
    sign(model, key=private)

    assert load(model, require_signature=public)


def test_keys_that_cannot_be_used_are_wrong_usage(model, keys, tmp_path):
    rsa, curve = key_of(tmp_path / "rsa", "rsa"), key_of(tmp_path / "old", "ec", "SECP256K1")
    for key in (tmp_path / "absent.pem", model, keys[1], rsa[0], curve[0]):
        with pytest.raises(UsageError, match=key.name):
            sign(model, key=key)
    for key in (tmp_path / "absent.pem", model, keys[0], rsa[1], curve[1]):
        with pytest.raises(UsageError, match=key.name):
            load(model, require_signature=key)


def test_only_regular_files_are_signed(tmp_path, keys):
    os.mkfifo(tmp_path / "pipe.h5")

    with pytest.raises(UnsafeModelError, match=r"pipe\.h5"):
        sign(tmp_path / "pipe.h5", key=keys[0])


def test_a_private_key_is_readable_by_its_owner_only_and_never_overwritten(tmp_path):
    private, public = new_key(tmp_path / "k")

    assert private.stat().st_mode & 0o777 == 0o600
    before = private.read_bytes()
    with pytest.raises(UsageError, match="never overwritten"):
        new_key(tmp_path / "k")
    assert private.read_bytes() == before
    assert b"PRIVATE" not in public.read_bytes()


def test_architecture_and_weights_both_need_a_signature(model, keys, tmp_path):
    import h5py

    arch = tmp_path / "arch.json"
    with h5py.File(model, "a") as file:
        arch.write_text(file.attrs.pop("model_config"))
        layers = [name for name in file["model_weights"] if name != "top_level_model_weights"]
        file.attrs["layer_names"] = [name.encode() for name in layers]
        for name in layers:
            file.move(f"model_weights/{name}", name)
        del file["model_weights"]
    assert load(arch, weights=model)

    sign(arch, key=keys[0])
    with pytest.raises(SignatureError, match=r"m\.h5: the file is not signed"):
        load(arch, weights=model, require_signature=keys[1])
    sign(model, key=keys[0])
    assert load(arch, weights=model, require_signature=keys[1])


def test_without_the_library_the_install_command_is_told(model, keys, monkeypatch):
    monkeypatch.setitem(sys.modules, "model_signing", None)

    with pytest.raises(MissingExtraError, match=r"pip install 'keramos\[sign\]'"):
        load(model, require_signature=keys[1])


def test_the_commands_sign_and_check(model, tmp_path):
    pair = keramos("sign", "--new-key", tmp_path / "k", "--json")
    made = keramos("sign", model, "--key", tmp_path / "k.pem")
    good = keramos("verify", model, "--key", tmp_path / "k.pub.pem")
    shown = keramos("inspect", model, "--require-signature", tmp_path / "k.pub.pem")
    write(model, network(3.0), None)
    bad = keramos("verify", model, "--key", tmp_path / "k.pub.pem", "--json")
    unshown = keramos("inspect", model, "--require-signature", tmp_path / "k.pub.pem")
    wrong = keramos("sign", model)

    assert json.loads(pair.stdout) == {
        "private": str(tmp_path / "k.pem"),
        "public": str(tmp_path / "k.pub.pem"),
    }
    assert made.stdout.startswith(f"{model}.sig")
    assert good.returncode == shown.returncode == 0
    assert "passed  signature: holds for" in good.stdout
    assert bad.returncode == unshown.returncode == 1
    (check,) = json.loads(bad.stdout)
    assert check["name"] == "signature"
    assert not check["passed"]
    assert "Traceback" not in unshown.stderr
    assert "not the one that was signed" in unshown.stderr
    assert wrong.returncode == 2


def test_predict_opens_only_what_is_signed(model, keys, tmp_path):
    rows = tmp_path / "rows.csv"
    rows.write_text("a,b\n1,2\n")
    sign(model, key=keys[0], output=tmp_path / "elsewhere.sig")
    refused = keramos("predict", model, rows, "--require-signature", keys[1])

    assert refused.returncode == 1
    assert "is not signed" in refused.stderr


def test_keras_gets_no_file_whose_signature_was_asked_for(signed, keys):
    with pytest.raises(UsageError, match="by itself"):
        verify(signed, key=keys[1], against_keras=True)


def test_a_signature_replaces_neither_the_model_nor_the_key(model, keys):
    for target in (model, keys[0]):
        before = target.read_bytes()
        with pytest.raises(UsageError, match="would replace"):
            sign(model, key=keys[0], output=target)
        assert target.read_bytes() == before
