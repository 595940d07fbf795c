"""TransformProcess: steps, conditions, and the ways to run them."""
