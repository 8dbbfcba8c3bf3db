"""How a claim about the running system is looked at, one file per kind. Refuses to judge: matching does that."""
