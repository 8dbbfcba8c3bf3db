"""Users says who somebody is, for how long that is believed, and what proves it: accounts, sessions, tokens, keys.

Refuses to keep anything that opens a door as it is: passwords are argon2id hashes, refresh and opaque tokens SHA-256
hashes, private keys sealed. Whoever copies the database or Redis can log in as nobody.
"""
