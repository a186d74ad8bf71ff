"""The engines that do the text tasks."""
