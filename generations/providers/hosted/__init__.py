"""Providers that work elsewhere, for money: each knows the protocol of a service, the registry the models."""
