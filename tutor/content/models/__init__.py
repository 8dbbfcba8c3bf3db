"""The shapes of a content pack: frozen, strict, and free of files, clocks and learners.

A pack is a folder: `pack.yaml`, `recap/*.yaml`, `questions/*.yaml`, `scenarios/*.yaml`, `checklist.yaml`,
`tips.yaml`. Unknown keys are refused everywhere. What spans several places (links, duplicates, balance) is
checked by `library` and `lint`, not here.
"""
