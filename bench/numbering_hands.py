"""The hands of `bench.numbering`: eight threads of one process that take numbers as fast as they can.

For every line on stdin, such as ``series 64 25``, each thread takes 25 numbers and writes each down: by `take_number` over 64
series, or from a plain ``sequence``; one transaction in ten is rolled back. Then a line says how many seconds all of them took.
"""

import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from django.db import connection, transaction

from invoicing.services.numbering import take_number
from tenants.models import Office

THREADS = 8


def main(arguments: list[str]) -> int:
    office = Office.objects.get(pk=arguments[0])
    with ThreadPoolExecutor(THREADS) as threads:
        print("ready", flush=True)
        for line in sys.stdin:
            how, points, times = line.split()
            start = time.perf_counter()
            act = partial(take, office, how, int(points), int(times))
            for done in [threads.submit(act) for _ in range(THREADS)]:
                done.result()
            print(time.perf_counter() - start, flush=True)
    return 0


def take(office: Office, how: str, points: int, times: int) -> None:
    """So many numbers, one transaction each."""
    for _ in range(times):
        point = f"{random.randint(1, points):03d}"
        try:
            with transaction.atomic():
                one(office, how, point)
                if random.random() < 0.1:
                    raise RolledBack
        except RolledBack:
            pass


class RolledBack(Exception):
    """One in ten."""


def one(office: Office, how: str, point: str) -> None:
    if how == "series":
        number = take_number(office, point, "07")
    else:
        with connection.cursor() as cursor:
            cursor.execute("SELECT nextval('bench_numbers')")
            number = f"{cursor.fetchone()[0]:010d}"
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO bench_taken (how, point, number) VALUES (%s, %s, %s)", [how, point, number]
        )
