"""Django first, then one benchmark, whose modules may import models at their top.

python -m bench.begin NAME [arguments]
"""

import sys
from importlib import import_module

import django

if __name__ == "__main__":
    django.setup()
    sys.exit(import_module(f"bench.{sys.argv[1]}").main(sys.argv[2:]))
