"""REST, version 1. A view authorises, validates, calls one service and serialises."""
