"""What a browser says about a request: the host that it believes to talk to, and the page that
asks.

A page of another site can send a form to any address (cross-site request forgery), and by changing
what its own name resolves to it can read the replies (DNS rebinding). Against the first stand
``Sec-Fetch-Site`` and ``Origin``, which no page can set; against the second the ``Host`` header,
which holds the name of that page's site.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from keramos.errors import shown
from keramos.frozen import Frozen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_OWN_SITES = frozenset({"same-origin", "none"})
"""Values of ``Sec-Fetch-Site`` of own pages, and of what people type themselves."""


class AllowedHosts(Frozen, frozen=True):
    """The hosts for which a server answers: ``names``, and every IP address and ``localhost``,
    which no other site can take for its name. ``*`` allows any.
    """

    names: frozenset[str]

    @classmethod
    def of(cls, names: Sequence[str]) -> AllowedHosts:
        """These names, in any case, without ports."""
        return cls(frozenset(_host(name) for name in names))

    def admit(self, header: str) -> bool:
        """Whether a ``Host`` header is allowed; programs that send none are not browsers."""
        host = _host(header)
        return (
            not host
            or not {"*", host}.isdisjoint(self.names)
            or host == "localhost"
            or host.endswith(".localhost")
            or _is_address(host)
        )

    def refusal(self, header: str) -> str:
        """Why a ``Host`` header is refused."""
        host = shown(_host(header))
        return (
            f"this server does not answer for host '{host}'; start it with --allowed-host {host} "
            "if that is its name"
        )


def from_own_page(headers: Mapping[str, str], origin: str | None) -> bool:
    """Whether a request comes from a program, a page of this server, or a page of ``origin``."""
    site, asking = headers.get("sec-fetch-site", ""), headers.get("origin", "")
    if asking and asking == origin:
        return True
    if site:
        return site in _OWN_SITES
    return not asking or asking.partition("://")[2].lower() == headers.get("host", "").lower()


def _host(header: str) -> str:
    """The name in a ``Host`` header, lower case, without port and final dot."""
    text = header.strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    name = text.rpartition(":")[0] if text.count(":") == 1 else text
    return name.rstrip(".")


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
