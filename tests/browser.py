"""A person at a screen: a real Chromium with one page that stays open from step to step.

Playwright's loop breaks the ORM in its own thread, so every step is handed over to a thread of the browser's.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Page, ViewportSize, expect, sync_playwright

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
PASSWORD = "una-frase-larga-de-prueba"
DESK: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}

type Hand = Callable[[Callable[[Page], Any]], Any]


@contextmanager
def a_screen(viewport: ViewportSize) -> Iterator[Hand]:
    """Hands each act the page; at the end no script may have failed on it, and nothing tried what our policy forbids."""
    if not CHROMIUM:
        pytest.skip("needs Chromium")
    with ThreadPoolExecutor(1) as thread:

        def here(act: Callable[..., Any], *arguments: Any) -> Any:
            return thread.submit(act, *arguments).result()

        playwright = here(lambda: sync_playwright().start())
        try:
            browser = here(
                lambda: playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            )
            page = here(lambda: browser.new_context(viewport=viewport, locale="es-PA").new_page())
            mistakes: list[str] = []
            here(lambda: page.on("pageerror", lambda error: mistakes.append(f"{error} {error.stack}")))
            here(lambda: page.on("console", lambda line: mistakes.extend(violations(line.text, page.url))))
            yield lambda act: here(act, page)
            here(browser.close)
            assert mistakes == []
        finally:
            here(playwright.stop)


def violations(line: str, address: str) -> list[str]:
    """What a line of the browser's console says about the Content-Security-Policy."""
    return [f"{address}: {line}"] if "Content Security Policy" in line else []


def sign_in(address: str, name: str) -> Callable[[Page], None]:
    def act(page: Page) -> None:
        page.goto(address)
        page.locator("[name=username]").fill(name)
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("[type=submit]").click()
        expect(page.locator("[name=password]")).to_have_count(0)

    return act


def fits(page: Page) -> None:
    """Nothing sticks out at the side."""
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
