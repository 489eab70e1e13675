"""The Prometheus of a lab: one process, started with the lab and ended with it."""

import asyncio
from collections.abc import Callable, Collection
from pathlib import Path

from chaosproof.errors import TargetError
from chaosproof.targets.local.inside.health import is_ready
from chaosproof.targets.local.inside.process_manager import ProcessManager
from chaosproof.targets.local.inside.scraping import (
    prometheus_config,
    prometheus_version,
    targets_files,
)
from chaosproof.targets.local.spec import PROMETHEUS_PORT, ServicePlan
from chaosproof.targets.system.definition import HealthCheck

__all__ = ["Prometheus"]

_READY = HealthCheck("http", "/-/ready", PROMETHEUS_PORT, interval_s=0.02, timeout_s=1.0)


class Prometheus:
    """`program` is its command, `address` where it listens, `folder` (made by `start`) what it writes to.

    With `addresses_change` the instances' addresses are those of the last `follow`.
    """

    def __init__(
        self,
        processes: ProcessManager,
        program: str,
        *,
        address: str,
        folder: Path,
        log: Path,
        scrape_interval_s: float,
        addresses_change: bool = False,
    ) -> None:
        self._processes = processes
        self._program = program
        self._address = address
        self._config = folder / "prometheus.yml"
        self._folder = folder
        self._log = log
        self._scrape_interval_s = scrape_interval_s
        self._addresses_change = addresses_change

    async def start(self, services: Collection[ServicePlan], when_ready: Callable[[], None]) -> None:
        """Start it on these services and wait until it is ready; `TargetError` when it ends instead."""
        self._folder.mkdir()
        printed = await self._processes.run_to_end([self._program, "--version"], instance=None)
        version = prometheus_version(printed.stdout + printed.stderr)
        if self._addresses_change:
            self.follow(services)
        files = self._folder if self._addresses_change else None
        config = prometheus_config(services, self._scrape_interval_s, version, targets_folder=files)
        self._config.write_text(config, encoding="utf-8")
        argv = [
            self._program,
            f"--config.file={self._config}",
            f"--storage.tsdb.path={self._folder}/data",
            f"--web.listen-address={self._address}:{PROMETHEUS_PORT}",
            "--log.level=warn",
        ]
        process = await self._processes.spawn(argv, instance=None, cwd=str(self._folder), stdout=self._log)
        while process.returncode is None:
            ready, _ = await is_ready(self._address, _READY)
            if ready:
                when_ready()
                return
            await asyncio.sleep(_READY.interval_s)
        code = process.returncode
        raise TargetError(f"Prometheus ended at once with exit code {code}: {self._last_lines()}")

    def follow(self, services: Collection[ServicePlan]) -> None:
        """Scrape these from now on: the addresses of containers may change when they are started again."""
        for file, text in targets_files(services, self._folder).items():
            new = file.with_suffix(".new")
            new.write_text(text, encoding="utf-8")
            new.replace(file)  # Prometheus reads it as soon as it changes

    def _last_lines(self, lines: int = 5) -> str:
        written = self._log.read_text(encoding="utf-8", errors="replace")
        return "\n".join(written.splitlines()[-lines:])
