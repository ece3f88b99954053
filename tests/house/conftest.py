"""The world that the walks over the whole site go through: made once for each module, and left by each test as it was."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import transaction

from tests.house.test_every_address import World, signed_in


@contextmanager
def unlogged() -> Iterator[None]:
    """Thousands of refusals are asked for on purpose: to write a traceback of each is most of the work."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


@pytest.fixture(scope="module")
def made_once(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    with unlogged(), django_db_blocker.unblock(), transaction.atomic():
        yield World()
        transaction.set_rollback(True)


@pytest.fixture
def world(made_once: World, db: None) -> World:
    """Two tenants with a row of every kind, one of them hidden from `browser`."""
    made_once.browser = signed_in(made_once.person)
    return made_once
