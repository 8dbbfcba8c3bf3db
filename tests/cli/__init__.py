"""The command line, driven as a learner drives it: real processes, pipes and terminals."""
