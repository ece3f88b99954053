"""Reading a page as a browser would: what of it could run, and where its links lead."""

from html.parser import HTMLParser
from urllib.parse import urlsplit

DATA_SCRIPTS = {"application/json", "application/ld+json"}
ADDRESSES = {"href", "src", "action", "formaction", "data", "poster", "xlink:href"}


class Page(HTMLParser):
    """`live` lists what a strict policy forbids: scripts and handlers inside the page, addresses that run, frames, objects."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.live: list[str] = []
        self.links: set[str] = set()
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        members = {name: value or "" for name, value in attrs}
        is_data = members.get("type", "") in DATA_SCRIPTS
        if tag == "script" and "src" not in members and not is_data:
            self.live.append("<script>")
        if tag in {"iframe", "object", "embed", "applet", "base"}:
            self.live.append(f"<{tag}>")
        self.live += [f"<{tag} {name}>" for name in members if name.startswith("on") or name == "srcdoc"]
        for name in ADDRESSES & members.keys():
            self._follow(tag, members[name])

    def _follow(self, tag: str, address: str) -> None:
        scheme = urlsplit(address.strip()).scheme.lower()
        if scheme not in {"", "http", "https", "mailto", "tel"} and not address.startswith("data:image/"):
            self.live.append(f"<{tag} {scheme}:>")
        if scheme in {"http", "https"}:
            self.links.add(address)
