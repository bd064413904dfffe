"""What is made of trained factors: predictions, even scales, findings."""
