"""What our own test servers are made of: they speak other people's protocols, well and badly."""
