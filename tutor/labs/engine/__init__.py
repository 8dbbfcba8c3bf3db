"""What runs a lab's system. One file per engine; refuses to know what a lab teaches."""
