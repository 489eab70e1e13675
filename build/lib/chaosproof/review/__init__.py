"""An honest second opinion on any Chaos Toolkit journal or experiment, from the file alone.

`documents` reads a file, `rules/` look at it, `verdict` says what their findings amount to, `formats/` print it.
"""
