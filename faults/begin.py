"""Django first, then the storm, whose modules may import models at their top."""

import sys
from importlib import import_module

import django

if __name__ == "__main__":
    django.setup()
    sys.exit(import_module("faults.storm").main(sys.argv[1:]))
