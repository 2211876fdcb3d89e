"""The commands of `packshot`, one module per concern; each lists its own in `COMMANDS` and imports what is heavy only when called."""
