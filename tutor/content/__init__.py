"""What there is to learn: models, the loader that refuses contradictions, and lint. Refuses to know learners."""
