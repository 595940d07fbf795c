"""Arrow columns: the frame that steps work on, and conversions."""
