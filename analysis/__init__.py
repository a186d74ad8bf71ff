"""The text AI tasks: typed contracts, and the engines that fulfil them."""
