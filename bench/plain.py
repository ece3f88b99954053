"""The other side of `bench.submission`: a plain loop that posts, keeps nothing and can lose everything.

    python -m bench.plain URL THREADS FILE

FILE holds the bytes to post. For every line on stdin, a number, it posts so often and prints how many seconds that took.
"""

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests


def main(url: str, threads: int, payload: bytes) -> None:
    sessions = threading.local()
    headers = {"Content-Type": "application/json", "Authorization": "Bearer key-of-the-benchmarks"}

    def post(_: int) -> str:
        if not hasattr(sessions, "session"):
            sessions.session = requests.Session()
        answer = sessions.session.post(url, data=payload, headers=headers, timeout=30)
        answer.raise_for_status()
        return str(answer.json()["document"]["id"])

    with ThreadPoolExecutor(threads) as hands:
        for line in sys.stdin:
            start = time.perf_counter()
            ids = set(hands.map(post, range(int(line))))
            print(time.perf_counter() - start, flush=True)
            assert len(ids) == int(line)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]).read_bytes())
