"""The long proofs of `make prove`: each is a function of a seed that returns what it saw in words, or raises AssertionError."""
