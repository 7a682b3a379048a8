"""What a layer of an older file computes otherwise than its class in current Keras.

Only readers set it: no option of a file ends up here under a name of the file's own choice.
"""

from __future__ import annotations

from typing import Literal

from keramos.frozen import Frozen


class Legacy(Frozen, frozen=True):
    """Older meanings of one layer; every default is the meaning that current Keras has.

    ``hard_sigmoid_keras2``: ``hard_sigmoid`` is clip(0.2 x + 0.5, 0, 1), before Keras 3.
    ``theano_padding``: ``same`` and ConvLSTM's recurrent convolution pad both sides alike, in Keras
    1 and 2 on Theano.
    ``bilinear_points``: where ``bilinear`` upsampling samples, in Keras 1, Keras 2 and TensorFlow
    1.13.
    ``resize_kernel``: a kernel that Keras 3 lacks, of TensorFlow 2's Resizing.
    ``weight_layout``: ``split`` keeps the weights of each gate apart (Keras 1), ``cudnn`` has
    CuDNN's order (Keras 2); settling the weights clears it.
    ``merged_masks``: a merged step counts where it counts in ``all`` inputs (before Keras 3),
    ``none`` loses the masks (Keras 3.0 to 3.3).
    ``all_masked_is_even``: softmax over masked places only is even instead of 0, before Keras 3.10.
    ``ignores_input_masks``: multi-head attention uses no mask of its inputs, before TensorFlow
    2.10.
    ``masked_steps_repeat``: a Bidirectional layer repeats its output at masked steps instead of
    giving zeros, before TensorFlow 1.14.
    ``states_keep_mask``: a sequence that comes with initial states keeps its mask, before Keras 3.
    ``states_reversed``: stacked cells list their states from the last cell to the first, before
    Keras 2.2.3.
    ``inner_mask_passes``: a mask that the layer inside TimeDistributed makes is one of the result,
    before Keras 3.
    ``keeps_last_axis``: one-hot CategoryEncoding adds an axis to inputs whose last axis has size 1,
    in Keras 3.0 to 3.3.
    ``range_is_checked``: CategoryEncoding fails on numbers outside its range, before Keras 3.
    ``random_crop``: what RandomCrop does when predicting, before Keras 3.8.
    ``batch_statistics``: BatchNormalization uses the statistics of each ``row`` or of the rows that
    come ``together``, Keras 1's modes 1 and 2.
    ``batch_axes``: BatchNormalization keeps statistics over several axes, in TensorFlow 1 and 2.
    ``causal``: attention hides later steps, before Keras 3 an option of the layer and since then an
    argument of the call.
    ``left_piece_capped``: SReLU's left piece ends at |t_right|, in Keras 1 on Theano.
    """

    hard_sigmoid_keras2: bool = False
    theano_padding: bool = False
    bilinear_points: Literal["half_pixel", "from_start", "theano"] = "half_pixel"
    resize_kernel: str = ""
    weight_layout: Literal["", "split", "cudnn"] = ""
    merged_masks: Literal["any", "all", "none"] = "any"
    all_masked_is_even: bool = False
    ignores_input_masks: bool = False
    masked_steps_repeat: bool = False
    states_keep_mask: bool = False
    states_reversed: bool = False
    inner_mask_passes: bool = False
    keeps_last_axis: bool = False
    range_is_checked: bool = False
    random_crop: Literal["", "crop_and_resize", "cut_then_resize", "resize_then_cut"] = ""
    batch_statistics: Literal["", "row", "together"] = ""
    batch_axes: tuple[int, ...] = ()
    causal: bool = False
    left_piece_capped: bool = False


CURRENT = Legacy()
"""The meanings of current Keras."""
