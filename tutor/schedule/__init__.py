"""When to ask again, towards an interview date. Refuses to know what is asked."""
