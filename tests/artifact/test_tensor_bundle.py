"""Checkpoints of TensorFlow: what TensorFlow wrote is read, and what is damaged is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keramos.artifact.protobuf import Budget, Message
from keramos.artifact.tensor_bundle import Bundle, shard_names
from keramos.artifact.tensor_bundle.crc32c import crc32c, masked_crc32c
from keramos.artifact.tensor_bundle.entries import slice_key
from keramos.artifact.tensor_bundle.snappy import unpacked
from keramos.artifact.tensor_bundle.sstable import MAGIC, read_table
from keramos.errors import CorruptModelError, LimitExceededError, ModelError
from keramos.types.limits import LIMITS, Limits
from support.protobuf import field, number


def block(entries, kind=0, pack=lambda data: data):
    data, before = b"", b""
    for key, value in entries:
        most = min(len(key), len(before))
        differs = np.frombuffer(key[:most], "u1") != np.frombuffer(before[:most], "u1")
        shared = int(differs.argmax()) if differs.any() else most
        data += number(shared) + number(len(key) - shared) + number(len(value))
        data += key[shared:] + value
        before = key
    data = pack(data + (0).to_bytes(4, "little") + (1).to_bytes(4, "little"))
    return data + bytes([kind]) + masked_crc32c(data + bytes([kind])).to_bytes(4, "little")


def table(groups, **packing):
    """A table with one block for each group of entries."""
    found, index = b"", []
    for entries in groups:
        data = block(entries, **packing)
        index.append((entries[-1][0] + b"~", number(len(found)) + number(len(data) - 5)))
        found += data
    meta, at = block([]), len(found)
    found += meta
    directory, place = block(index), len(found)
    found += directory
    handles = number(at) + number(len(meta) - 5) + number(place) + number(len(directory) - 5)
    return found + handles.ljust(40, b"\0") + MAGIC


def header(shards=1):
    return b"", field(1, shards) + field(3, field(1, 1))


def shape_of(sizes):
    return b"".join(field(2, field(1, size)) for size in sizes)


def entry(array, offset, shard=0, dtype=1, checksum=None, shape=None):
    data = array.tobytes()
    sealed = masked_crc32c(data) if checksum is None else checksum
    return (
        field(1, dtype)
        + field(2, shape_of(array.shape if shape is None else shape))
        + field(3, shard)
        + field(4, offset)
        + field(5, len(data))
        + number(6 << 3 | 5)
        + sealed.to_bytes(4, "little")
    )


def opened(index, *shards, limits=LIMITS):
    names = [f"x.data-{at:05}-of-{len(shards):05}" for at in range(len(shards))]
    return Bundle(index, "x", dict(zip(names, shards, strict=True)).__getitem__, limits)


A, B = np.arange(6, dtype="f4").reshape(2, 3), np.array([7, 8], "f4")


@pytest.mark.parametrize("size", [0, 1, 9, 128, 129, 512, 4000, 6777, 6778, 6781, 13_071, 20_001])
def test_checksums_are_those_of_one_loop_over_bytes(size):
    data = np.random.default_rng(size).bytes(size)
    register = 0xFFFFFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0x82F63B78 if register & 1 else 0)

    assert crc32c(data) == register ^ 0xFFFFFFFF


def test_the_checksum_is_that_of_the_standard():
    assert crc32c(b"123456789") == 0xE3069283  # RFC 3720, appendix B.4


def test_tensors_lie_in_several_blocks_and_shards():
    index = table([[header(2), (b"a", entry(A, 0))], [(b"b", entry(B, 0, shard=1))]])
    bundle = opened(index, A.tobytes(), B.tobytes())

    assert bundle.names() == ["a", "b"]
    assert bundle.shape("a") == (2, 3)
    np.testing.assert_array_equal(bundle.array("a"), A)
    np.testing.assert_array_equal(bundle.array("b"), B)
    assert shard_names(index, "d/x", LIMITS) == [f"d/x.data-0000{at}-of-00002" for at in (0, 1)]


def test_packed_blocks_are_read():
    def packed(data):
        """One literal, then the last bytes again as a copy."""
        return number(len(data)) + bytes([61 << 2]) + (len(data) - 1).to_bytes(2, "little") + data

    bundle = opened(table([[header(), (b"a", entry(A, 0))]], kind=1, pack=packed), A.tobytes())

    np.testing.assert_array_equal(bundle.array("a"), A)


def test_a_packed_block_may_repeat_itself():
    assert unpacked(b"\x08" + b"\x04ab" + bytes([2 << 2 | 1, 2]), 99, "x") == b"abababab"
    assert unpacked(b"\x07" + b"\x00a" + bytes([5 << 2 | 2, 1, 0]), 99, "x") == b"a" * 7


@pytest.mark.parametrize(
    "data",
    [
        b"\x05\x00a",
        b"\x02\x04ab\x00",
        b"\x09\x00a\x15\x02",
        b"\x09\x00a\x15\x00",
        b"\x01",
        b"\x03\xf0",
    ],
)
def test_a_packed_block_that_lies_is_refused(data):
    with pytest.raises(CorruptModelError):
        unpacked(data, 1000, "x")


def test_a_packed_block_that_claims_too_much_is_refused_before_it_is_unpacked():
    with pytest.raises(LimitExceededError, match="claims more than 1,000 bytes"):
        unpacked(number(1 << 40) + b"\x00a", 1000, "x")


def test_half_floats_of_brains_are_widened():
    halves = (A.view("u4") >> 16).astype("<u2")
    bundle = opened(table([[header(), (b"a", entry(halves, 0, dtype=14))]]), halves.tobytes())

    np.testing.assert_array_equal(bundle.array("a"), A)


def sliced(pieces, shape=(2, 3)):
    """A tensor whose parts, (extents, array), have entries of their own."""
    extents = [
        field(7, b"".join(field(1, field(1, start) + field(2, size)) for start, size in part))
        for part, _ in pieces
    ]
    whole = field(1, 1) + field(2, shape_of(shape)) + b"".join(extents)
    entries, data = [(b"a", whole)], b""
    for part, array in pieces:
        entries.append((slice_key("a", part), entry(array, len(data))))
        data += array.tobytes()
    first, *others = sorted([header(), *entries])
    return opened(table([[first, *others]]), data)


LEFT, RIGHT = [(0, 2), (0, 1)], [(0, 2), (1, 2)]


def test_a_tensor_in_parts_is_joined():
    bundle = sliced([(LEFT, A[:, :1].copy()), (RIGHT, A[:, 1:].copy())])

    assert bundle.names() == ["a"]
    np.testing.assert_array_equal(bundle.array("a"), A)


@pytest.mark.parametrize(
    "pieces",
    [
        [(LEFT, A[:, :1].copy())],
        [(LEFT, A[:, :1].copy()), ([(0, 2), (0, 2)], A[:, :2].copy())],
        [(LEFT, A[:, :1].copy()), ([(0, 2), (2, 2)], A[:, :2].copy())],
        [(LEFT, A[:, :1].copy()), (RIGHT, A[:, 1:].reshape(1, 4))],
    ],
    ids=["gap", "overlap", "outside", "other shape"],
)
def test_parts_that_do_not_make_up_their_tensor_are_refused(pieces):
    with pytest.raises(CorruptModelError, match="part"):
        sliced(pieces).array("a")


def test_a_small_part_that_claims_terabytes_is_refused_before_memory_is_taken():
    with pytest.raises(CorruptModelError, match="another shape"):
        sliced([([(0, 1 << 40)], np.zeros(1, "f4"))], (1 << 40,)).array("a")


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([(b"a", entry(A, 0, checksum=1))], "checksum"),
        ([(b"a", entry(A, 4))], "behind the end"),
        ([(b"a", entry(A, 0)), (b"b", entry(B, 4))], "over another"),
        ([(b"a", entry(A, 0, shape=(3, 3)))], "needs 36 bytes"),
        ([(b"a", entry(A, 0, shape=(1 << 40, 1 << 40)))], "not that of a tensor"),
        ([(b"a", entry(A, 0, shard=9))], "shard 9 of 1"),
        ([(b"b", entry(A, 0)), (b"a", entry(A, 0))], "ascend"),
        ([(b"a", entry(A, 0)), (b"a", entry(A, 0))], "ascend"),
    ],
)
def test_an_index_that_contradicts_its_shard_is_refused(entries, words):
    with pytest.raises(ModelError, match=words):
        opened(table([[header(), *entries]]), A.tobytes()).array("a")


def test_limits_hold_for_numbers_of_keys_and_bytes():
    index = table([[header(), (b"a", entry(A, 0))]])

    for limits in (
        Limits(objects=1),
        Limits(structure_bytes=8),
        Limits(weight_bytes=A.nbytes - 1),
    ):
        with pytest.raises(LimitExceededError):
            opened(index, A.tobytes(), limits=limits)


def test_keys_that_repeat_a_long_key_cannot_fill_memory():
    long = b"k" * 100_000
    entries = [header(), *((long + at.to_bytes(2, "big"), b"") for at in range(1000))]

    with pytest.raises(LimitExceededError, match="structure_bytes"):
        read_table(table([entries]), "x", LIMITS)


@given(place=st.integers(0, 10_000), bit=st.integers(0, 7), cut=st.integers(0, 300))
def test_an_index_with_any_bit_changed_or_any_end_missing_is_refused_or_says_the_same(
    place, bit, cut
):
    whole = table([[header(), (b"a", entry(A, 0))], [(b"b", entry(B, 24))]])
    data = bytearray(whole)
    data[place % len(data)] ^= 1 << bit
    with pytest.raises(ModelError):
        opened(whole[: len(whole) - 1 - cut % len(whole)], A.tobytes() + B.tobytes())
    try:
        bundle = opened(bytes(data), A.tobytes() + B.tobytes())
    except ModelError:
        return
    np.testing.assert_array_equal(bundle.array("a"), A)  # padding of the footer, the unused block


@given(data=st.binary(max_size=60))
def test_any_bytes_are_a_message_or_refused(data):
    try:
        message = Message(data, Budget(LIMITS, "x"))
        for at in range(1, 8):
            message.numbers(at)
    except CorruptModelError:
        return
    assert isinstance(message.has(1), bool)


def test_a_message_has_no_more_fields_than_the_limit_allows():
    with pytest.raises(LimitExceededError, match="structure_bytes"):
        Message(field(1, 1) * 200, Budget(Limits(structure_bytes=32 * 100), "x"))


def test_what_tensorflow_writes_is_read(tmp_path):
    tf = pytest.importorskip("tensorflow")
    values = {
        "a": tf.Variable(A),
        "half": tf.Variable(tf.cast(A, tf.bfloat16)),
        "whole": tf.Variable(np.array(5, "i8")),
        "empty": tf.Variable(np.zeros((0, 3), "f4")),
        "words": tf.Variable(["one", "zwölf", ""]),
        "long": tf.Variable(np.arange(100_000, dtype="f4")),
    }
    prefix = tf.train.Checkpoint(**values).write(str(tmp_path / "x"))

    names = (f"x{end}" for end in (".index", ".data-00000-of-00001"))
    index, shard = ((tmp_path / name).read_bytes() for name in names)
    bundle = opened(index, shard)

    assert prefix == str(tmp_path / "x")
    for name, value in values.items():
        key = f"{name}/.ATTRIBUTES/VARIABLE_VALUE"
        if name == "words":
            assert bundle.texts(key) == [b"one", "zwölf".encode(), b""]
        else:
            np.testing.assert_array_equal(
                bundle.array(key), value.numpy().astype(bundle.array(key).dtype)
            )


@pytest.mark.parametrize("axis", [0, 1])
def test_a_variable_that_tensorflow_partitioned_is_joined(tmp_path, axis):
    tf = pytest.importorskip("tensorflow")
    value = np.arange(70 * 90, dtype="f4").reshape(70, 90)
    v1 = tf.compat.v1

    def part(shape, dtype=None, partition_info=None):
        places = zip(partition_info.var_offset, shape, strict=True)
        return tf.constant(value[tuple(slice(at, at + size) for at, size in places)])

    with tf.Graph().as_default(), v1.Session() as session:
        v1.get_variable(
            "a",
            initializer=part,
            shape=value.shape,
            dtype=tf.float32,
            partitioner=v1.fixed_size_partitioner(3, axis=axis),
            use_resource=False,
        )
        session.run(v1.global_variables_initializer())
        v1.train.Saver().save(session, str(tmp_path / "x"))
    index, shard = (
        (tmp_path / f"x{end}").read_bytes() for end in (".index", ".data-00000-of-00001")
    )

    np.testing.assert_array_equal(opened(index, shard).array("a"), value)
