"""Java's forms of numbers, times and regular expressions."""
