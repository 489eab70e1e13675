"""What the demo adds to Chaosproof: a load protocol, and what its actions and probes need.

The one part of the demo that imports Chaosproof, and that none of its systems imports.
"""
