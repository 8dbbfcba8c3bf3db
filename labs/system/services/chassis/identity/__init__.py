"""Who is asking and what they may do, for every service. Refuses to issue anything: only users has private keys."""
