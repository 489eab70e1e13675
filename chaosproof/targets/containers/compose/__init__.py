"""A Compose project as a system: read and run by the Compose CLI itself (`cli`), never parsed here."""
