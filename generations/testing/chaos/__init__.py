"""Paid generations by real processes that are killed, stopped and cut off all the time, by a seed."""
