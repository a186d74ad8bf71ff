"""Bytes that we keep: assets, on a file system or in any S3."""
