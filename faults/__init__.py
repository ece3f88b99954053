"""Kill storms, outside the test suite: `make faults`."""

RESTART = "restart postgresql"
