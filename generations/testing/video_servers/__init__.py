"""Test servers that speak Replicate's and fal's protocols, keep a ledger, and fail by script."""

from generations.testing.video_servers.desk import TOKEN as TOKEN
from generations.testing.video_servers.fal import FalServer as FalServer
from generations.testing.video_servers.faults import Fault as Fault
from generations.testing.video_servers.replicate import ReplicateServer as ReplicateServer
