"""Which images there are: one for each file of docker/. The chart's `images` have the same names."""

from dataclasses import dataclass
from pathlib import Path

from chaosproof import __version__
from chaosproof.errors import UsageError

__all__ = ["PROMETHEUS", "Image", "image", "images_of", "source_root"]

PROMETHEUS = f"chaosproof/prometheus:{__version__}"
"""Of an archive only; elsewhere the chart takes Prometheus' own image."""
_SUFFIX = ".Dockerfile"


@dataclass(frozen=True)
class Image:
    """One image: its whole name with a tag, its Dockerfile in the checkout, and its default user."""

    key: str
    name: str
    dockerfile: str
    user: str


def images_of(root: Path) -> tuple[Image, ...]:
    """The images of the checkout at `root`, in order of name: docker/chaos.Dockerfile is chaosproof/chaos."""
    images = []
    for file in sorted((root / "docker").glob(f"*{_SUFFIX}")):
        key = file.name.removesuffix(_SUFFIX)
        lines = file.read_text(encoding="utf-8").splitlines()
        user = [line.removeprefix("USER ").strip() for line in lines if line.startswith("USER ")][-1]
        images.append(Image(key, f"chaosproof/{key}:{__version__}", f"docker/{file.name}", user))
    return tuple(images)


def image(key: str) -> Image:
    """The image of that key, such as `chaos`; `UsageError` for another."""
    images = {image.key: image for image in images_of(source_root())}
    if key not in images:
        raise UsageError(f"Unknown image {key!r}; known images: {', '.join(images)}.")
    return images[key]


def source_root() -> Path:
    """The checkout that images are built from; `UsageError` where there is none."""
    root = Path(__file__).resolve().parents[2]
    if not (root / "docker").is_dir():
        raise UsageError(f"Images are built from a checkout of the repository, and {root} is none.")
    return root
