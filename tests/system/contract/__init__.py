"""What the services publish about themselves, held against what they do."""
