"""What runs the system without Docker."""
