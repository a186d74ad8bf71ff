"""Words of the API that several kinds of users know."""

GENERATIONS = "/api/v1/generations"
WEBSOCKET = "/ws/generations"
FINISHED = {"completed", "failed", "cancelled"}
ENDINGS = {f"generation.{status}" for status in FINISHED}
