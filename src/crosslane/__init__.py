"""Crosslane: a proven, least-privilege delivery pipeline across AWS accounts, from one config file."""

__version__ = "0.1.0"
