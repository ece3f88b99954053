"""Django first, then one benchmark, whose modules may import models at their top.

python -m bench.begin NAME [arguments]
"""

import sys
from importlib import import_module

import django

from cifras.core.scopes import all_tenants_in_this_process
from scripts.services import stop_on_sigterm

if __name__ == "__main__":
    stop_on_sigterm()
    django.setup()
    all_tenants_in_this_process("a benchmark")
    sys.exit(import_module(f"bench.{sys.argv[1]}").main(sys.argv[2:]))
