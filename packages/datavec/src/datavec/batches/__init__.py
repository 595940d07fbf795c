"""Batches of records for training."""
