"""One folder a provider; a folder holds nothing but what its vendor does."""
