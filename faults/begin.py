"""Django first, then the storm, whose modules may import models at their top."""

import sys
from importlib import import_module

import django

from cifras.core.scopes import all_tenants_in_this_process

if __name__ == "__main__":
    django.setup()
    all_tenants_in_this_process("the storm")
    sys.exit(import_module("faults.storm").main(sys.argv[1:]))
