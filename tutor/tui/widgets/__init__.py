"""Widgets: messages up, attributes down. Refuses to load, save or decide anything."""
