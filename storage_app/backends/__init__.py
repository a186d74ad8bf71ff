"""Where bytes are kept. `s3` is imported only where it is used: boto3 takes half a second to load."""
