"""Settings of training, chosen on a validation part."""
