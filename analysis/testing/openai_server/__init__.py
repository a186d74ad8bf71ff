"""A test server that speaks OpenAI's protocols, keeps a ledger of what it was asked, and fails by script."""

from analysis.testing.openai_server.faults import Fault as Fault
from analysis.testing.openai_server.schemas import Answerer as Answerer
from analysis.testing.openai_server.server import OpenAIServer as OpenAIServer
