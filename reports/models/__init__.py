"""Roll-ups, statements and closings come to stand here. Django tells only apps with a models module that a migrate is over, and
the reference data waits for that."""
