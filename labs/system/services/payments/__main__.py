"""`python -m payments` runs the service. Refuses arguments: everything comes from the environment."""

from chassis.launch import launch

if __name__ == "__main__":
    launch("payments.app:build")
