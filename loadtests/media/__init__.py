"""What `bench_media` measures, and what it measures against."""
