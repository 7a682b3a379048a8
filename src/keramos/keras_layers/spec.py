"""The record of one Keras class: all that reading, checking, writing and explaining need to know.

Records are data. How a class is computed stands in ``keramos.compile.layers`` under the same name.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from msgspec.structs import replace

from keramos.frozen import Frozen
from keramos.keras_layers.options import EVERY_LAYER, TRAINED_BY
from keramos.types.network import quantization_mode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from keramos.keras_layers.options import Option
    from keramos.types.network import Config

    Shape = tuple[int | None, ...]
    Size = int | Sequence[int | None] | None
    """A size of an input, or several; None is unknown."""

_NO_OPTIONS: Mapping[str, Option] = MappingProxyType({})
_NO_WEIGHTS: Mapping[str, tuple[Weight, ...]] = MappingProxyType({})
_NO_LAYERS: Mapping[str, str] = MappingProxyType({})


class Weight(Frozen, frozen=True):
    """One weight of a class, in the order in which Keras builds them.

    ``shape`` has a word for each axis: a number, an option (``*kernel_size``: one axis for each of
    its numbers), a size of the input (``features``, ``channels``, or what the lowering gives), or a
    product or quotient of these (``4*units``). "" is the shape of a single number; None is any
    shape. ``older`` are shapes, separated by ``|``, in which files of older versions may hold it.
    ``when``: the option that must be true for the weight to exist, ``!option`` one that must not
    be, or a function of the config. ``folder``: where below its layer an archive keeps it.
    ``former``: its name in files of older versions.
    """

    name: str
    shape: str | None = None
    when: str | Callable[[Config], bool] = ""
    trained: bool = True
    older: str = ""
    folder: str = ""
    former: str = ""


class LayerSpec(Frozen, frozen=True):
    """One class of Keras.

    ``options``: those that answers depend on; ``ignored``: those that answers do not; ``checked``:
    what Keras demands of some of these; ``training``: those that training alone reads, beside the
    initializers and the like of its weights. ``mask``: what happens to a mask that reaches the
    layer: ``keep`` passes the first input's on, ``stop`` ends it, ``own``: the lowering decides.
    ``calls``: arguments of a call, beside ``mask`` and ``training``, that the lowering reads.
    ``floats``: it computes in floating point, so that whole numbers and booleans are converted
    first; ``any_dtype``: its result may still be of another type. ``takes_text``: its input is
    text. ``several``: it takes more than one tensor, as classes with ``calls`` may. ``space``: its
    axes of space; ``rank``: the axes that its input must have (0: any).

    ``inner``: config key -> archive folder of each wrapped layer, in the order of ``Layer.inner``;
    ``inner_list``: the config key, and folder, of a list of layers. ``vocabulary``: archives keep
    the option of this name, learned from data, as a file of words in each of ``asset_folders``.
    ``copies``: archives hold further arrays ``before`` or ``after`` the weights.

    ``since`` and ``until``: the first and last generation of Keras that has the class; of the two
    Keras 2, ``tensorflow`` is the one inside TensorFlow alone and ``standalone`` the other alone.
    ``unstated``: options that not every version of a generation writes. ``class_name``: its name in
    Python, where it is exported under another; ``former``: names that it had before;
    ``released_as``: names in single releases of TensorFlow; ``successor``: the current class that
    does what a dropped class did; ``module``: where current Keras finds it; ``package``: under
    which it is registered, for classes that Keras does not have.

    ``quantized``: mode -> weights in that form. ``gates``: how many a recurrent cell has side by
    side in its weights; ``recurrent_gates``: those that ``recurrent_activation`` closes.
    ``layouts``: weights in an older layout, by the reader's word for it. ``visible``: whether
    explanations show its output.
    """

    options: Mapping[str, Option] = _NO_OPTIONS
    weights: tuple[Weight, ...] = ()
    ignored: tuple[str, ...] = ()
    checked: Mapping[str, Option] = _NO_OPTIONS
    training: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    mask: Literal["keep", "stop", "own"] = "stop"
    floats: bool = False
    any_dtype: bool = False
    takes_text: bool = False
    several: bool = False
    space: int = 0
    rank: int = 0
    inner: Mapping[str, str] = _NO_LAYERS
    inner_list: str = ""
    vocabulary: str = ""
    asset_folders: tuple[str, ...] = ("",)
    copies: Literal["", "before", "after"] = ""
    since: Literal["1", "2", "tensorflow", "3"] = "3"
    until: Literal["1", "2", "standalone", "3"] = "3"
    unstated: tuple[str, ...] = ()
    class_name: str = ""
    former: tuple[str, ...] = ()
    released_as: tuple[str, ...] = ()
    successor: str = ""
    module: str = "keras.layers"
    package: str = ""
    quantized: Mapping[str, tuple[Weight, ...]] = _NO_WEIGHTS
    gates: int = 0
    recurrent_gates: tuple[int, ...] = ()
    layouts: Mapping[str, tuple[Weight, ...]] = _NO_WEIGHTS
    visible: bool = True

    def with_rank(self, space: int, extra: int = 2) -> LayerSpec:
        """The class for ``space`` axes of space; ``extra`` counts rows, channels and steps."""
        return replace(self, space=space, rank=space + extra)

    def knows(self, option: str) -> bool:
        """Whether the class has an option of this name, in any version of Keras."""
        if option in EVERY_LAYER or option in {*self.options, *self.ignored, *self.training}:
            return True
        ending = next((ending for ending in TRAINED_BY if option.endswith(ending)), "")
        part = option.removesuffix(ending)
        return bool(ending) and any(
            weight.name == part
            or weight.name.startswith(f"{part}_")
            or weight.name.endswith(f"_{part}")
            for weight in self.weights
        )

    def value(self, config: Config, option: str) -> object:
        """An option of a config, or its default."""
        if option in config or option not in self.options:
            return config.get(option)
        return self.options[option].default

    def stated(self, config: Config) -> dict[str, Any]:
        """Those options of a config that answers depend on, each of the type that it names."""
        return {name: value for name, value in config.items() if name in self.options}

    def weights_of(self, config: Config, layout: str = "") -> tuple[Weight, ...]:
        """The weights that a layer with this config has; ``layout`` is that of an older file."""
        mode = quantization_mode(config) or ""
        known = self.quantized.get(mode, self.layouts.get(layout, self.weights))
        return tuple(weight for weight in known if self._exists(weight.when, config))

    def _exists(self, when: str | Callable[[Config], bool], config: Config) -> bool:
        if not isinstance(when, str):
            return when(config)
        if when.startswith("!"):
            return not self.value(config, when[1:])
        return not when or bool(self.value(config, when))

    def shape(self, words: str, config: Config, sizes: Mapping[str, Size]) -> Shape | None:
        """The shape that words of a weight mean; ``sizes`` are those of the input.

        An axis is None where its size is unknown; None is returned where the number of axes is.
        """
        found: list[int | None] = []
        for word in words.split():
            if word.startswith("*"):
                part = self._listed(self._size(word[1:], config, sizes))
                if part is None:
                    return None
                found += part
            else:
                found.append(self._product(word, config, sizes))
        return tuple(found)

    def _listed(self, value: object) -> list[int | None] | None:
        if isinstance(value, int) and self.space:
            return [value] * self.space
        return list(value) if isinstance(value, list | tuple) else None

    def _product(self, word: str, config: Config, sizes: Mapping[str, Size]) -> int | None:
        product = 1
        factors, _, divisor = word.partition("/")
        for factor in factors.split("*"):
            size = self._size(factor, config, sizes)
            if not isinstance(size, int) or isinstance(size, bool):
                return None
            product *= size
        if not divisor:
            return product
        by = self._size(divisor, config, sizes)
        return product // by if isinstance(by, int) and by else None

    def _size(self, word: str, config: Config, sizes: Mapping[str, Size]) -> object:
        if word.isdigit():
            return int(word)
        if word == "ones":
            return [1] * self.space
        return sizes[word] if word in sizes else self.value(config, word)


def by_space(name: str, spec: LayerSpec, *spaces: int, extra: int = 2) -> dict[str, LayerSpec]:
    """``Conv{}D`` -> Conv1D, Conv2D and Conv3D, or those of some numbers of axes of space."""
    found = {}
    for n in spaces or (1, 2, 3):
        former = tuple(old.format(n) for old in spec.former)
        found[name.format(n)] = replace(spec.with_rank(n, extra), former=former)
    return found


def in_folder(folder: str, weights: tuple[Weight, ...]) -> tuple[Weight, ...]:
    """The same weights, which an archive keeps in a folder below the layer."""
    return tuple(replace(weight, folder=folder) for weight in weights)


def folders_of(weights: Sequence[Weight]) -> Iterator[str]:
    """Folders of weights in order, each once."""
    return iter(dict.fromkeys(weight.folder for weight in weights))
