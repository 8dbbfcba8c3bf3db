"""What only containers can show: that the Compose file keeps its promises and that the tools beside it work."""
