"""What `make bench` compares with, and the ground that all of them stand on."""
