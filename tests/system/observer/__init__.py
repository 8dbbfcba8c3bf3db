"""Observer takes what the others send, and finds it again."""
