"""One of the processes that `bench_analysis` lets loose: threads that want all the answers they can get."""

import random
import sys
import threading
import time
import uuid

import django
from django.db import connection

django.setup()

from analysis.contracts import PromptInput  # noqa: E402  Settings come first.
from analysis.services import CallContext, prompt_analyse  # noqa: E402
from loadtests.prompts import PROMPTS  # noqa: E402
from videogen.kernel.errors import Postponed  # noqa: E402

#: What a queue takes to bring a stage back that was due.
REDELIVERY_SECONDS = 1.5


def work(seconds: float) -> None:
    """One worker's worth of calls: as put back, so brought back, with the same ticket."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        ticket, prompt = str(uuid.uuid4()), f"{random.choice(PROMPTS)}, take {uuid.uuid4()}"
        while time.monotonic() < deadline:
            try:
                prompt_analyse(request=PromptInput(prompt=prompt), context=CallContext(ticket=ticket))
                break
            except Postponed as later:
                connection.close()
                wait = later.seconds + random.uniform(0, REDELIVERY_SECONDS)
                time.sleep(max(0, min(wait, deadline - time.monotonic())))
    connection.close()


def main() -> None:
    threads = [threading.Thread(target=work, args=(float(sys.argv[2]),)) for _ in range(int(sys.argv[1]))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
