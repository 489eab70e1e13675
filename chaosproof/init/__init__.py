"""What `chaosproof init` is made of: from the programs of a repository to experiments on them.

`discover` reads what is there, `tryout` tries it in a lab, `sizing` turns what was measured into numbers, `write` makes
the files. `gather`, `look`, `tryout` and `write.to_disk` have effects; all else is data and pure functions.
"""
