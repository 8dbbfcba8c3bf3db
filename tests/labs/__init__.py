"""Labs: the check language, the engines, and what a learner does with them."""
