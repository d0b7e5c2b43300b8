"""Measurements of crosslane against what it replaces; ``python -m bench`` runs them. See docs/benchmarks.md."""
