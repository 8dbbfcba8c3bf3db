"""The verbs that both faces call. Glue only: refuses to decide anything, and to draw anything."""
