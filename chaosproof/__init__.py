"""Chaosproof: chaos-engineering experiments whose verdict can be trusted."""

__version__ = "0.2.0"
