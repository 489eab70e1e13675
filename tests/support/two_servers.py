"""The two servers of docs/quickstart-own.md, as its page has them: nginx, or where that is not here the web server that
Python has, and a shop that asks it for each of its answers.
"""

import re
import shutil
import textwrap
from pathlib import Path

from chaosproof.targets.host_command import command_path
from tests.support.chaos import REPOSITORY

__all__ = ["NGINX", "SHOP", "shop_and_web"]

_PAGE = (REPOSITORY / "docs" / "quickstart-own.md").read_text(encoding="utf-8")
SHOP = re.findall(r"```python\n(.*?)```", _PAGE, re.DOTALL)[0]
_NGINX_CONF = textwrap.dedent(re.findall(r"`nginx.conf`:\n\n((?:    .*\n)+)", _PAGE)[0])
_SERVICES = re.findall(r"--service \"(\w+)=(.*?)\" \\\n", _PAGE)
NGINX = shutil.which("nginx", path=command_path())
_WITHOUT_NGINX = "python -u -m http.server 8080 --directory page"


def shop_and_web(folder: Path) -> dict[str, str]:
    """The programs in `folder`, by name, and how the page starts each."""
    (folder / "shop.py").write_text(SHOP)
    (folder / "nginx.conf").write_text(_NGINX_CONF)
    (folder / "page").mkdir()
    (folder / "page" / "index.html").write_text("in stock\n")
    services = dict(_SERVICES)
    assert set(services) == {"web", "shop"}, "the page names no programs that this reads"
    return services if NGINX else {**services, "web": _WITHOUT_NGINX}
