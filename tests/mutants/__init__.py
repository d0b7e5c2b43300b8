"""The working set-up, broken one change at a time: docs/mutants.md says how and with what result."""
