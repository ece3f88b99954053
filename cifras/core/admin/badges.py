"""A badge: a word, an icon and a colour. The colour never speaks alone."""

from dataclasses import dataclass
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

GREEN, BLUE, AMBER, RED, GREY = "green", "blue", "amber", "red", "grey"


@dataclass(frozen=True, slots=True)
class Badge:
    """`tone` is one of the colours above; `title` is what the pointer reads. The look is in cifras/documents.css."""

    word: Any
    icon: str
    tone: str = GREY
    title: Any = ""

    def __str__(self) -> SafeString:
        # A template prints the text of a value, and escapes it unless that text is safe already.
        return format_html(
            '<span class="cf-badge cf-{}"{}><span class="material-symbols-outlined" aria-hidden="true">{}</span>{}</span>',
            self.tone,
            format_html(' title="{}"', self.title) if self.title else "",
            self.icon,
            self.word,
        )

    __html__ = __str__
