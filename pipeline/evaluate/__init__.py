"""Measures of the method on held-out data, beside what it has to beat; needs no database."""
