"""Chaosproof: chaos-engineering experiments whose verdict can be trusted."""

__version__ = "0.1.0"
