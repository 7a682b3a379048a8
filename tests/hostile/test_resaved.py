"""Files of keramos that another program saved again: what they lost, or what no longer fits, is
said.
"""

import shutil

import h5py
import numpy as np
import pytest

import keramos
from keramos.errors import MismatchError, UsageError


@pytest.fixture
def plain_keras(credit_file):
    """The network of a keramos file, opened by Keras itself."""
    import keras

    return keras.models.load_model(credit_file)


def test_a_file_that_keras_saved_again_answers_the_same_and_says_that_its_proof_is_gone(
    plain_keras, credit_file, tmp_path
):
    path = tmp_path / credit_file.name
    plain_keras.save(path)
    before, after = keramos.load(credit_file), keramos.load(path)
    golden = before.content.golden
    (answers,) = after.session.run(_fed(before.content, before.inputs))

    np.testing.assert_allclose(answers, golden.outputs, rtol=1e-5, atol=1e-6)
    assert after.content is None
    assert any("saved it again" in note for note in after.artifact.info.warnings)
    assert any("saved it again" in check.detail for check in keramos.verify(path))
    with pytest.raises(UsageError):
        after.decide([{}])


def test_content_put_beside_other_weights_is_stale(plain_keras, credit_file, tmp_path):
    if credit_file.suffix != ".h5":
        pytest.skip("groups are copied in HDF5 files")
    weights = plain_keras.get_weights()
    weights[-1] = weights[-1] + np.float32(0.5)
    plain_keras.set_weights(weights)
    path = tmp_path / "m.h5"
    plain_keras.save(path)
    with h5py.File(credit_file) as source, h5py.File(path, "r+") as target:
        source.copy("keramos", target)

    with pytest.raises(MismatchError, match="changed after keramos wrote"):
        keramos.load(path)
    assert not all(check.passed for check in keramos.verify(path))
    assert keramos.load(path, verify=False)


def test_one_flipped_bit_of_a_weight_is_detected(credit_file, tmp_path):
    if credit_file.suffix != ".h5":
        pytest.skip("weights of an archive have a checksum of their own")
    path = tmp_path / "m.h5"
    shutil.copy(credit_file, path)
    with h5py.File(path, "r+") as file:
        found = []
        file["model_weights"].visititems(
            lambda _, item: found.append(item) if isinstance(item, h5py.Dataset) else None
        )
        kernel = max(found, key=lambda item: item.size)
        values = kernel[()]
        values.view("u4").ravel()[0] ^= 1  # the last bit of a fraction
        kernel[...] = values

    with pytest.raises(MismatchError, match="weights were changed"):
        keramos.load(path)


def _fed(content, inputs):
    from keramos.runtime.verify import golden_feeds

    return golden_feeds(content, inputs)
