"""A picture on its way through the source of an app: what was done to it so far."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keramos.adoption.pictures.code import Fit, Method

Order = Literal["RGB", "BGR", "L"]
Scale = tuple[tuple[float, float], ...]
"""For each colour, what a byte is multiplied with and what is added then."""

PLAIN: Scale = ((1.0, 0.0),) * 3


@dataclass(frozen=True, slots=True)
class Way:
    """What was done to a picture. ``fit`` and ``size`` (width, height) are those of its one resize,
    ``call`` and ``resized`` the call and its place; ``scaled`` is the place of the first
    arithmetic. ``others`` are calls and slices that no recipe has.
    """

    decoder: str
    order: Order = "RGB"
    fit: tuple[Fit, Method] | None = None
    size: tuple[int, int] | None = None
    call: str = ""
    resized: str = ""
    gray: Literal["", "convert", "resize"] = ""
    turned: bool = False
    floats: bool = False
    scale: Scale = PLAIN
    scaled: str = ""
    others: tuple[str, ...] = ()

    def other(self, what: str) -> Way:
        """With something that no recipe has."""
        return self if what in self.others else replace(self, others=(*self.others, what))

    def swapped(self) -> Way:
        """With its first and last colour exchanged."""
        order: Order = {"RGB": "BGR", "BGR": "RGB", "L": "L"}[self.order]  # type: ignore[assignment]  # three words
        return replace(self, order=order, scale=self.scale[::-1])

    def to_gray(self, where: str) -> Way:
        """As one colour; colours that were scaled apart are no longer known."""
        if self.order == "L":
            return self
        found = replace(self, order="L", gray="resize" if self.fit else "convert")
        return found if len(set(self.scale)) == 1 else found.other(f"{where} scales before gray")

    def resize(
        self, fit: tuple[Fit, Method], size: tuple[int, int] | None, call: str, where: str
    ) -> Way:
        """Resized; a second time is more than a recipe has."""
        if self.fit is not None:
            return replace(self, size=size).other(f"{where} resizes again ({call})")
        if self.floats and fit[1] == "cv-linear":  # OpenCV rounds bytes and leaves floats
            fit = fit[0], "tf-bilinear"
        return replace(self, fit=fit, size=size, call=call, resized=where)

    def affine(self, times: Sequence[float], plus: Sequence[float], where: str) -> Way:
        """Multiplied and added to, by colour."""
        scale = tuple(
            (a * factor, b * factor + more)
            for (a, b), factor, more in zip(self.scale, times, plus, strict=True)
        )
        return replace(self, scale=scale, scaled=self.scaled or where, floats=True)

    @property
    def place(self) -> str:
        """Where the source says most about it."""
        return self.resized or self.scaled
