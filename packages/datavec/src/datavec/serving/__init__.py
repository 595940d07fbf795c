"""Raw records, as applications have them, to the features of a network."""
