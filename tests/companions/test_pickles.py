"""Pickles and joblib files become data; nothing in them runs."""

import io
import pickle
import pickletools
import time

import numpy as np
import pytest

from keramos.companions.pickle_file import read_pickle
from keramos.companions.read import read_companion
from keramos.errors import (
    CorruptModelError,
    ForeignCodeError,
    KeramosError,
    LimitExceededError,
    ModelError,
    UnsupportedModelError,
)
from keramos.types.companions import Record
from keramos.types.limits import LIMITS
from support.recorded_pickles import PICKLES, entries

FOUND = entries()


class Call:
    """Pickled as a call of a function."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def refusal(data):
    with pytest.raises(KeramosError) as caught:
        read_pickle(data, LIMITS)
    return caught.value


def test_every_recorded_pickle_becomes_a_record_with_its_version():
    names = [name for name in FOUND if name.endswith(PICKLES)]

    values = {name: read_pickle(FOUND[name], LIMITS) for name in names}

    assert len(names) > 200
    assert all(isinstance(value, Record) for value in values.values())
    assert {value.version for value in values.values()} == {"0.23.2", "1.6.1", "1.9.1"}


@pytest.mark.parametrize("kind", ["StandardScaler", "OneHotEncoder"])
def test_protocols_and_packings_say_the_same(kind):
    same = [name for name in FOUND if name.startswith(f"sk1.6.1_np2.4.6/{kind}.")]
    same = [name for name in same if name.endswith(PICKLES)]

    states = [read_pickle(FOUND[name], LIMITS).state for name in same]

    assert len(same) >= 13
    for state in states[1:]:
        assert state.keys() == states[0].keys()
        assert all(np.array_equal(repr(state[key]), repr(states[0][key])) for key in state)


@pytest.mark.parametrize("protocol", range(6))
def test_plain_values_come_back(protocol):
    values = [
        None, True, 0, -1, 2**40, -(2**70), 1.5, "äö\n€", b"\x00\xff", (1, (2,)), {"a": [1, 2]},
        {"k": {1.5: None}}, ["x"] * 1200, {str(i): i for i in range(1200)}, 300, 70000,
    ]  # fmt: skip

    read = read_pickle(pickle.dumps(values, protocol), LIMITS)

    assert read == values


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_arrays_come_back_with_shape_and_dtype(protocol):
    for array in (
        np.arange(6.0).reshape(2, 3),
        np.asfortranarray(np.arange(6).reshape(2, 3)),
        np.array(["a", "bcd"]),
        np.array(["a", None, 1.5], object),
        np.array([], float),
        np.array([True, False]),
        np.float64(2.5),
        np.int64(7),
    ):
        read = read_pickle(pickle.dumps(array, protocol), LIMITS)

        assert np.array_equal(read, array)
        assert np.asarray(read).dtype == np.asarray(array).dtype


def test_sets_and_dicts_of_collections_become_plain_ones():
    from collections import OrderedDict, defaultdict

    value = [OrderedDict(a=1), defaultdict(int, b=2), {1, 2}, frozenset({"x"}), slice(1, None)]

    assert read_pickle(pickle.dumps(value), LIMITS) == [
        {"a": 1}, {"b": 2}, {1, 2}, frozenset({"x"}), slice(1, None),
    ]  # fmt: skip


@pytest.mark.parametrize("protocol", range(6))
def test_a_name_of_code_is_refused_with_the_name(protocol, tmp_path):
    import os

    mark = tmp_path / "ran"
    for value, name in (
        (Call(os.system, f"touch {mark}"), "system"),
        (Call(eval, f"open({str(mark)!r}, 'w')"), "eval"),
        (Call(exec, "1"), "exec"),
        (Call(getattr, "", "join"), "getattr"),
        (Call(__import__, "os"), "__import__"),
        ({"deep": [Call(os.remove, str(mark))]}, "remove"),
    ):
        error = refusal(pickle.dumps(value, protocol))

        assert isinstance(error, ForeignCodeError)
        assert name in str(error)
        assert "\n" not in str(error)
    assert not mark.exists()


def test_opcodes_that_reach_outside_are_refused():
    for data in (
        b"Pabc\n.",
        b"\x80\x02Q.",
        b"(ios\nsystem\n.",
        b"(cos\nsystem\no.",
        b"\x80\x02\x82\x01.",
        b"\x80\x05\x97.",
        b"\xff",
    ):
        assert isinstance(refusal(data), (UnsupportedModelError, ForeignCodeError))


def test_a_model_is_refused_by_its_class():
    error = refusal(b"csklearn.ensemble._forest\nRandomForestClassifier\n.")

    assert isinstance(error, UnsupportedModelError)
    assert "sklearn.ensemble._forest.RandomForestClassifier" in str(error)


def test_a_pickle_cut_anywhere_is_refused_not_crashed():
    for name in ("StandardScaler_df.pkl", "ColumnTransformer_df.joblib"):
        data = FOUND[f"sk1.6.1_np2.4.6/{name}"]
        for end in range(0, len(data) - 1, 7):
            with pytest.raises(ModelError):
                read_pickle(data[:end], LIMITS)


def test_sizes_that_lie_take_no_memory():
    huge = b"\xff\xff\xff\xff\xff\xff\xff\x7f"
    for data in (
        b"\x8e" + huge + b".",
        b"\x8d" + huge + b".",
        b"\x96" + huge + b".",
        b"X\xff\xff\xff\x7f.",
        b"\x8b\xff\xff\xff\x7f.",
        b"\x95" + huge + b".",
        b"I" + b"9" * 100_000 + b"\n.",
    ):
        assert isinstance(refusal(data), (CorruptModelError, LimitExceededError))


def test_many_containers_and_deep_ones_end_within_a_second():
    for data in (b"}" * 4_000_000, b"(" * 4_000_000, b"]" * 3_000_000 + b".", b"]2" * 2_000_000):
        begun = time.process_time()
        refusal(data)

        assert time.process_time() - begun < 5


def test_keys_whose_hashes_collide_are_refused():
    prime = 2**61 - 1
    keys = b"".join(b"\x8a\x09" + (prime * i).to_bytes(9, "little") + b"N" for i in range(1, 99))

    assert isinstance(refusal(b"\x80\x04}(" + keys + b"u."), UnsupportedModelError)


def test_a_deep_tuple_is_no_key():
    deep = b")" + b"\x85" * 100_000

    assert isinstance(refusal(b"\x80\x04}" + deep + b"Ns."), UnsupportedModelError)


@pytest.mark.parametrize("pack", ["zlib", "gzip", "bz2", "lzma"])
def test_a_bomb_is_refused_by_its_limit(pack):
    module = __import__(pack)

    assert isinstance(refusal(module.compress(bytes(64 << 20))), LimitExceededError)


def test_a_pointer_of_git_lfs_is_named(tmp_path):
    path = tmp_path / "scaler.pkl"
    path.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n")

    with pytest.raises(UnsupportedModelError, match="Git LFS"):
        read_companion(str(path))


def test_arrays_with_fields_are_refused():
    data = pickle.dumps(np.zeros(2, [("a", "f8"), ("b", "i4")]))

    assert isinstance(refusal(data), UnsupportedModelError)


def test_opcodes_of_real_pickles_are_all_known():
    from keramos.companions.opcodes import STEPS

    met = set()
    for name, data in FOUND.items():
        if name.endswith(".pkl"):
            met |= {op.code for op, _, _ in pickletools.genops(io.BytesIO(data))}

    assert {code for code in met if ord(code) not in STEPS} == {"."}
