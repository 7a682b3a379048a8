"""Hashes of byte strings that TensorFlow uses, on many strings at once: those of one length
together.

FarmHash64: ``farmhashna::Hash64`` of FarmHash 1.1 (TensorFlow's Fingerprint64). SipHash-2-4:
Aumasson and Bernstein 2012. FingerprintCat64: TensorFlow's ``platform/fingerprint.h``. All
arithmetic is modulo 2**64.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Words = NDArray[np.uint64]
    Octets = NDArray[np.uint8]

_KEYS = (0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F)
_K0, _K1, _K2 = (np.uint64(k) for k in _KEYS)
_CAT = np.uint64(0xC6A4A7935BD1E995)
_BLOCK = 64
_SIP = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)


def _u(number: int) -> np.uint64:
    return np.uint64(number % 2**64)


def _rotate(x: Words, by: int) -> Words:
    """Right rotation."""
    return (x >> _u(by)) | (x << _u(64 - by))


def _mix(x: Words) -> Words:
    return x ^ (x >> _u(47))


def _fetch(octets: Octets, at: int, count: int = 8) -> Words:
    """Little-endian words of 8 or 4 octets."""
    part = np.ascontiguousarray(octets[:, at : at + count])
    return part.view("<u8" if count == 8 else "<u4")[:, 0].astype("uint64")  # noqa: PLR2004 (the other is 4)


def _hash16(u: Words, v: Words, mul: Words | np.uint64) -> Words:
    a = _mix((u ^ v) * mul)
    b = _mix((v ^ a) * mul)
    return b * mul


def _to_16(s: Octets) -> Words:
    n = s.shape[1]
    mul = _u(n * 2) + _K2
    if n >= 8:  # noqa: PLR2004 (octets)
        a, b = _fetch(s, 0) + _K2, _fetch(s, n - 8)
        return _hash16(_rotate(b, 37) * mul + a, (_rotate(a, 25) + b) * mul, mul)
    if n >= 4:  # noqa: PLR2004
        return _hash16(_u(n) + (_fetch(s, 0, 4) << _u(3)), _fetch(s, n - 4, 4), mul)
    if n == 0:
        return np.full(len(s), _K2)
    a, b, c = (s[:, at].astype("uint64") for at in (0, n >> 1, n - 1))
    return _mix((a + (b << _u(8))) * _K2 ^ (_u(n) + (c << _u(2))) * _K0) * _K2


def _middle(s: Octets, first: np.uint64) -> tuple[Words, Words, Words, np.uint64]:
    """What strings of 17 to 64 octets begin with."""
    n = s.shape[1]
    mul = _u(n * 2) + _K2
    a, b = _fetch(s, 0) * first, _fetch(s, 8)
    c, d = _fetch(s, n - 8) * mul, _fetch(s, n - 16) * _K2
    return _rotate(a + b, 43) + _rotate(c, 30) + d, a + _rotate(b + _K2, 18) + c, a, mul


def _to_32(s: Octets) -> Words:
    y, z, _, mul = _middle(s, _K1)
    return _hash16(y, z, mul)


def _to_64(s: Octets) -> Words:
    n = s.shape[1]
    y, v, a, mul = _middle(s, _K2)
    z = _hash16(y, v, mul)
    e, f = _fetch(s, 16) * mul, _fetch(s, 24)
    g, h = (y + _fetch(s, n - 32)) * mul, (z + _fetch(s, n - 24)) * mul
    return _hash16(_rotate(e + f, 43) + _rotate(g, 30) + h, e + _rotate(f + a, 18) + g, mul)


def _weak(s: Octets, at: int, a: Words, b: Words) -> tuple[Words, Words]:
    w, x, y, z = (_fetch(s, at + 8 * i) for i in range(4))
    a = a + w
    b = _rotate(b + a + z, 21)
    c = a
    a = a + x + y
    return a + z, b + _rotate(a, 44) + c


def _long(s: Octets) -> Words:
    n, zero = s.shape[1], np.zeros(len(s), "uint64")
    v, w = (zero, zero), (zero, zero)
    x = _fetch(s, 0) + _u(81 * _KEYS[2])
    y = zero + _u(81 * _KEYS[1] + 113)
    z = _mix(y * _K2 + _u(113)) * _K2
    for at in range(0, (n - 1) // _BLOCK * _BLOCK, _BLOCK):
        x = _rotate(x + y + v[0] + _fetch(s, at + 8), 37) * _K1 ^ w[1]
        y = _rotate(y + v[1] + _fetch(s, at + 48), 42) * _K1 + v[0] + _fetch(s, at + 40)
        z = _rotate(z + w[0], 33) * _K1
        v = _weak(s, at, v[1] * _K1, x + w[0])
        w = _weak(s, at + 32, z + w[1], y + _fetch(s, at + 16))
        z, x = x, z
    mul = _K1 + ((z & _u(0xFF)) << _u(1))
    at = n - _BLOCK
    first = w[0] + _u((n - 1) & 63)
    v = (v[0] + first, v[1])
    w = (first + v[0], w[1])
    x = _rotate(x + y + v[0] + _fetch(s, at + 8), 37) * mul ^ w[1] * _u(9)
    y = _rotate(y + v[1] + _fetch(s, at + 48), 42) * mul + v[0] * _u(9) + _fetch(s, at + 40)
    z = _rotate(z + w[0], 33) * mul
    v = _weak(s, at, v[1] * mul, x + w[0])
    w = _weak(s, at + 32, z + w[1], y + _fetch(s, at + 16))
    z, x = x, z
    return _hash16(_hash16(v[0], w[0], mul) + _mix(y) * _K0 + z, _hash16(v[1], w[1], mul) + x, mul)


def _farm(s: Octets) -> Words:
    for longest, function in ((16, _to_16), (32, _to_32), (64, _to_64)):
        if s.shape[1] <= longest:
            return function(s)
    return _long(s)


def _sip_round(v: list[Words]) -> None:
    v[0] = v[0] + v[1]
    v[1] = _rotate(v[1], 51) ^ v[0]
    v[0] = _rotate(v[0], 32)
    v[2] = v[2] + v[3]
    v[3] = _rotate(v[3], 48) ^ v[2]
    v[0] = v[0] + v[3]
    v[3] = _rotate(v[3], 43) ^ v[0]
    v[2] = v[2] + v[1]
    v[1] = _rotate(v[1], 47) ^ v[2]
    v[2] = _rotate(v[2], 32)


def _sip(key: Sequence[int]) -> Callable[[Octets], Words]:
    def hash_of(s: Octets) -> Words:
        n, rows = s.shape[1], np.zeros(len(s), "uint64")
        v = [rows + (_u(start) ^ _u(key[i % 2])) for i, start in enumerate(_SIP)]
        last = np.zeros((len(s), 8), "uint8")
        last[:, : n % 8] = s[:, n - n % 8 :]
        last[:, 7] = n % 256
        for word in (*(_fetch(s, at) for at in range(0, n - n % 8, 8)), _fetch(last, 0)):
            v[3] = v[3] ^ word
            _sip_round(v)
            _sip_round(v)
            v[0] = v[0] ^ word
        v[2] = v[2] ^ _u(0xFF)
        for _ in range(4):
            _sip_round(v)
        return v[0] ^ v[1] ^ v[2] ^ v[3]

    return hash_of


def _by_length(strings: NDArray[np.object_], function: Callable[[Octets], Words]) -> Words:
    """A function of equally long strings applied to all, each different string once."""
    unique, places = np.unique(strings, return_inverse=True)
    lengths = np.array([len(item) for item in unique], "int64")
    found = np.zeros(len(unique), "uint64")
    for length in np.unique(lengths):
        chosen = np.flatnonzero(lengths == length)
        octets = np.frombuffer(b"".join(unique[chosen]), "uint8").reshape(len(chosen), int(length))
        found[chosen] = function(octets)
    return found[places]


def farmhash(strings: NDArray[np.object_]) -> Words:
    """FarmHash64 of each byte string."""
    return _by_length(strings, _farm)


def siphash(strings: NDArray[np.object_], key: Sequence[int]) -> Words:
    """SipHash-2-4 of each byte string with a key of two 64-bit numbers."""
    return _by_length(strings, _sip(key))


def fingerprint_cat(first: Words, second: Words) -> Words:
    """One fingerprint of two."""
    result = (first ^ _CAT ^ _mix(second * _CAT) * _CAT) * _CAT
    return _mix(_mix(result) * _CAT)
