"""`python -m inventory` runs the service. Refuses arguments: everything comes from the environment."""

from chassis.launch import launch

if __name__ == "__main__":
    launch("inventory.app:build")
