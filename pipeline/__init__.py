"""The pipeline from tables to answers, in plain Python: stages, and the words they share."""
