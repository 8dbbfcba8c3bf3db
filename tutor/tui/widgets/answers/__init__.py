"""One widget for each kind of question. Refuses to know right from wrong."""
