"""What is minimised: hypergraph and parameters, resolved into weighted terms; pure data."""
