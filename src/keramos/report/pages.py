"""The server's pages: a path and a query -> a page, for requests that no protocol answers."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl
from weakref import WeakKeyDictionary

import msgspec

from keramos.data.form_data import Form, read_form
from keramos.errors import KeramosError, NotServedError, RequestError, quoted
from keramos.report import render
from keramos.report.index_groups import grouped
from keramos.report.live import live_values
from keramos.report.subject import Given, Subject
from keramos.report.views.model import headline
from keramos.report.views.questions import questions
from keramos.report.views.versions import versions
from keramos.types.serving import ModelRef, Page, State, whole_number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from keramos.types.live import Live, ShadowReport
    from keramos.types.serving import Catalogue, Predictor, Served

    Look = Callable[[str, int], Live | None]
    Shadows = Callable[[], Sequence[ShadowReport]]
    _Show = Callable[["Pages", Served, "Asked"], str]

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src "
    "'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = (
    ("content-security-policy", _POLICY),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
)
_ASSET_HEADERS = (
    ("x-content-type-options", "nosniff"),
    ("cache-control", "public, max-age=31536000, immutable"),
)
_log = logging.getLogger("keramos.report")
_FAULT = {"event": "fault", "facts": {}}
_UNSHOWN = 500
_FIELD = "c."
"""Prefix of columns in queries; it keeps them apart from other parameters."""

_BAD_REQUEST, _NOT_FOUND, _TOO_LONG, _UNAVAILABLE = 400, 404, 414, 503
_LONGEST = 1 << 16  # characters of a query
_LISTED = 120  # models on the page of all
_FEW = 8  # models up to which nobody searches


def _nothing(_model: str, _version: int) -> Live | None:
    return None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request for a page says in its query, and in a form if it sends one."""

    query: Mapping[str, str]
    form: Form

    def text(self, name: str) -> str:
        """One value, "" where it is not said; the form counts."""
        return self.form.texts.get(name, self.query.get(name, ""))

    def given(self) -> Given:
        """The row that is asked for, by column."""
        texts = {**self.query, **self.form.texts}
        columns = {key: text for key, text in texts.items() if key.startswith(_FIELD)}
        return Given(
            {key.removeprefix(_FIELD): text.replace("\r\n", "\n") for key, text in columns.items()},
            {key.removeprefix(_FIELD): data for key, data in self.form.files.items()},
            bool(self.text("where")),
        )


class Pages:
    """Pages of all served models. Safe to share between threads; what is derived from a model is
    dropped with it.
    """

    def __init__(
        self, catalogue: Catalogue, live: Look = _nothing, shadows: Shadows = tuple
    ) -> None:
        """``live`` gives the counted live rows of a version, ``shadows`` the reports of shadows."""
        self._catalogue, self._live, self._shadows = catalogue, live, shadows
        self._subjects: WeakKeyDictionary[Predictor, Subject] = WeakKeyDictionary()

    def prepare(self) -> None:
        """Prepare what all pages need, so that the first request does not wait for it."""
        render.prepare()

    def __call__(self, path: str, query: str) -> Page | None:
        """The page at a decoded path and an undecoded query, or None where there is none."""
        parts = path.strip("/").split("/")
        match parts:
            case [""]:
                return self._index(query)
            case ["assets", name] if name in render.ASSETS:
                return Page(
                    render.asset(name).encode(), render.ASSETS[name], headers=_ASSET_HEADERS
                )
            case ["models", name, *rest] if tuple(rest) in _VIEWS:
                return self._of_model(name, query, _VIEWS[tuple(rest)])
        return None

    def posted(self, path: str, query: str, content_type: str, body: bytes) -> Page | None:
        """The page for a form with a picture, a text or rows, or None where no page takes one."""
        match path.strip("/").split("/"):
            case ["models", name, *rest] if tuple(rest) in _FORMS:
                view = _VIEWS[tuple(rest)]
            case _:
                return None
        try:
            form = read_form(content_type, body)
        except RequestError as error:
            return _page(render.refusal(str(error)), _BAD_REQUEST)
        return self._of_model(name, query, view, form)

    def _of_model(self, name: str, query: str, show: _Show, form: Form | None = None) -> Page:
        if len(query) > _LONGEST:
            said = f"the address has more than {_LONGEST:,} characters; send a form"
            return _page(render.render("absent.html", message=said), _TOO_LONG)
        asked = Asked(dict(parse_qsl(query, keep_blank_values=True)), form or Form())
        text, label = asked.text("version"), asked.text("label")
        version = whole_number(text)
        if text and version is None:
            said = f"{quoted(text)} is not the number of a version"
            return _page(render.render("absent.html", message=said), _BAD_REQUEST)
        try:
            served = self._catalogue.opened(ModelRef(name, version, label))
        except KeramosError as error:
            status = _NOT_FOUND if isinstance(error, NotServedError) else _UNAVAILABLE
            return _page(render.render("absent.html", message=str(error)), status)
        kind = "application/json" if show is Pages.drift else "text/html; charset=utf-8"
        try:
            return replace(_page(show(self, served, asked)), content_type=kind)
        except NotServedError as error:  # another one than that of the path
            return _page(render.render("absent.html", message=str(error)), _NOT_FOUND)
        except Exception:  # noqa: BLE001 (a model that a view does not foresee has no page; the others have)
            _log.exception("model %s cannot be shown", quoted(name), extra=_FAULT)
            said = f"model {quoted(name)} answers, but this page of it cannot be shown"
            return _page(render.render("absent.html", message=said), _UNSHOWN)

    def _index(self, query: str) -> Page:
        asked = dict(parse_qsl(query)) if len(query) <= _LONGEST else {}
        words = asked.get("q", "").casefold().split()
        names = self._catalogue.names()
        found = [name for name in names if all(word in name.casefold() for word in words)]
        groups = [
            (group, [self._listed(name) for name in members])
            for group, members in grouped(found[:_LISTED])
        ]
        return _page(
            render.render(
                "index.html",
                groups=groups,
                served=len(names),
                found=len(found),
                more=len(found) - _LISTED,
                asked=" ".join(words),
                searches=len(names) > _FEW,
            )
        )

    def _listed(self, name: str) -> dict[str, object]:
        listed: dict[str, object] = {"name": name, "versions": self._versions(name)}
        try:
            artifact = self._catalogue.get(ModelRef(name)).model.artifact
        except KeramosError:
            return {**listed, "purpose": "", "facts": (), "plain": False}
        try:
            purpose, facts = headline(artifact)
        except Exception:  # noqa: BLE001 (as for its page)
            _log.exception("model %s cannot be listed", quoted(name), extra=_FAULT)
            purpose, facts = "", ()
        return {**listed, "purpose": purpose, "facts": facts, "plain": artifact.content is None}

    def _versions(self, name: str) -> list[dict[str, object]]:
        try:
            statuses, labels = self._catalogue.statuses(name), self._catalogue.labels(name)
        except KeramosError:  # the model was removed between two calls
            return []
        return [
            {
                "version": item.version,
                "state": State(item.state).name,
                "message": item.message,
                "labels": sorted(
                    label for label, version in labels.items() if version == item.version
                ),
            }
            for item in statuses
        ]

    def _subject(self, served: Served) -> Subject:
        found = self._subjects.get(served.model)
        if found is None:
            found = self._subjects[served.model] = Subject(served.name, served.model)
        return found

    def model(self, served: Served, asked: Asked) -> str:
        """The page of one version, explained for the row in the query or the form."""
        subject, given = self._subject(served), asked.given()
        all_versions = self._versions(served.name)
        labels = next(
            (item["labels"] for item in all_versions if item["version"] == served.version), []
        )
        return render.render(
            "model.html",
            **subject.values,
            served={"version": served.version, "labels": labels, "versions": all_versions},
            interactive=True,
            explain=f"/models/{render.quoted(served.name)}/explain",
            given=given.texts,
            golden=(),
            explanation=subject.explanation(served.model, given),
            example=subject.example(served.model, given),
            drift=live_values(self._live(served.name, served.version), subject.view),
            shadows=[one for one in self._shadows() if one.model == served.name],
            compared=_path(served, "/compare"),
            check="" if subject.view.plain else _path(served, "/check"),
        )

    def check(self, served: Served, _: Asked) -> str:
        """A quiz with the numbers of this model."""
        view = self._subject(served).view
        return render.render(
            "check.html",
            name=view.name,
            served=served,
            back=_path(served),
            questions=questions(served.model, view.proof),
        )

    def compare(self, served: Served, asked: Asked) -> str:
        """This version beside another one (``with``, of ``model`` where that is given), or beside
        the one before it.

        Raises:
            NotServedError: there is no other.
        """
        name = asked.text("model") or served.name
        wanted = whole_number(asked.text("with"))
        if wanted is None:
            wanted = self._other(served, name)
        other = self._catalogue.opened(ModelRef(name, wanted, ""))
        pair = (other, served)
        first, second = (self._subject(one) for one in pair)
        links = [
            (_compared(served, item["version"]), f"with version {item['version']}")
            for item in self._versions(served.name)
            if item["version"] not in {served.version, wanted}
        ]
        return render.render(
            "compare.html",
            first=_titled(other),
            second=_titled(served),
            paths=[_path(one) for one in pair],
            others=links,
            found=versions((first.view, second.view), (other.model, served.model)),
        )

    def _other(self, served: Served, name: str) -> int:
        """The version before, or the only other one."""
        found = sorted(int(str(item["version"])) for item in self._versions(name))
        others = [one for one in found if name != served.name or one != served.version]
        before = [one for one in others if one < served.version]
        if not others:
            raise NotServedError(
                f"model {quoted(name)} has no other version here; compare it with another model by "
                "?model=NAME"
            )
        return max(before or others)

    def explain(self, served: Served, asked: Asked) -> str:
        """The prediction trace of one row, as a fragment of HTML."""
        return str(self._subject(served).explanation(served.model, asked.given()))

    def drift(self, served: Served, _: Asked) -> str:
        """Counted live rows, as JSON."""
        live = self._live(served.name, served.version)
        found = {
            "model": served.name,
            "version": served.version,
            "windows": live.windows if live else (),
            "note": _drift_note(served, live),
            "shadows": [one for one in self._shadows() if one.model == served.name],
        }
        return msgspec.json.encode(found).decode()


def _drift_note(served: Served, live: Live | None) -> str:
    content = served.model.content
    if content is not None and not content.preparation.has_histograms:
        return "the file records no training distributions, so drift is not measured"
    return live.note if live else "no live row was counted yet"


_VIEWS: Mapping[tuple[str, ...], _Show] = {
    (): Pages.model,
    ("explain",): Pages.explain,
    ("check",): Pages.check,
    ("drift",): Pages.drift,
    ("compare",): Pages.compare,
}
"""The part of a path after a model's name -> its view."""

_FORMS = frozenset({(), ("explain",)})
"""Views that take a form."""


def _path(served: Served, view: str = "") -> str:
    """The path of one view of this version."""
    return f"/models/{render.quoted(served.name)}{view}?version={served.version}"


def _compared(served: Served, other: object) -> str:
    """The path of the comparison with another version."""
    return f"{_path(served, '/compare')}&with={other}"


def _titled(served: Served) -> str:
    return f"{served.name}, version {served.version}"


def _page(text: str, status: int = 200) -> Page:
    return Page(text.encode("utf-8", "backslashreplace"), status=status, headers=_HEADERS)
