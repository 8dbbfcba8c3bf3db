"""Users keeps accounts, sessions, tokens and keys as it promises."""
