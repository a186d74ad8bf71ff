"""An RQ worker whose work-horses write down what they import, to the file IMPORTS."""

import os
import sys
from pathlib import Path
from typing import Any

from generations.worker import StageWorker


class ImportingWorker(StageWorker):
    def perform_job(self, *args: Any, **kwargs: Any) -> bool:
        before = set(sys.modules)
        try:
            return super().perform_job(*args, **kwargs)
        finally:
            with Path(os.environ["IMPORTS"]).open("a") as file:
                file.writelines(f"{name}\n" for name in set(sys.modules) - before)
