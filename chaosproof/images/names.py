"""Which images there are. Their names are the defaults of the chart's `images`."""

from dataclasses import dataclass
from pathlib import Path

from chaosproof import __version__
from chaosproof.errors import UsageError

__all__ = ["IMAGES", "PROMETHEUS", "USER", "Image", "image", "source_root"]

USER = "10001:10001"
"""Who runs in them, but for the sidecar, where the pod says otherwise."""

PROMETHEUS = f"chaosproof/prometheus:{__version__}"
"""Of an archive only; elsewhere the chart takes Prometheus' own image."""


@dataclass(frozen=True)
class Image:
    """One image: its whole name with a tag, its Dockerfile in the checkout, and its default user."""

    key: str
    name: str
    dockerfile: str
    user: str


IMAGES = (
    Image("demo", f"chaosproof/demo:{__version__}", "docker/demo.Dockerfile", USER),
    Image("chaos", f"chaosproof/chaos:{__version__}", "docker/chaos.Dockerfile", "0:0"),
)


def image(key: str) -> Image:
    """The image of that key (`demo`, `chaos`); `UsageError` for another."""
    for known in IMAGES:
        if known.key == key:
            return known
    raise UsageError(f"Unknown image {key!r}; known images: {', '.join(known.key for known in IMAGES)}.")


def source_root() -> Path:
    """The checkout that images are built from; `UsageError` where there is none."""
    root = Path(__file__).resolve().parents[2]
    if not (root / "charts" / "chaosproof-demo" / "Chart.yaml").is_file():
        raise UsageError(f"Images are built from a checkout of the repository, and {root} is none.")
    return root
