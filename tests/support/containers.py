"""A container as an engine describes it, for tests that need none."""

from chaosproof.targets.containers.engine.records import Container

__all__ = ["SHOP"]

SHOP = Container(
    id="1f" * 32,
    name="mine-shop-1",
    image="sha256:ab",
    project="mine",
    service="shop",
    number=1,
    pid=4711,
    running=True,
    exit_code=None,
    started_at=1.0,
    restarts=0,
    network_mode="mine_default",
    networks={"mine_default": ("10.89.0.2", "")},
    ports=(8080,),
    environment={},
    user="",
    working_dir="/",
)
