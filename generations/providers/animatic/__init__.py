"""The built-in provider: illustrated moving scenes drawn with Skia, free and deterministic."""
