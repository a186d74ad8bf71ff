"""The engine that needs no network: word lists, rules and hashes. The same input gives the same answer."""
