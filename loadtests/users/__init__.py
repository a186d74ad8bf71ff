"""Who a load test plays: users that ask, check every answer, and take their time."""
