import pytest

from chaosproof.targets.kubernetes.client.api import connect
from tests.support.kubernetes_api import FakeApi


@pytest.fixture
def api(tmp_path, monkeypatch):
    """A cluster made of data, which the kubeconfig names."""
    server = FakeApi()
    monkeypatch.setenv("KUBECONFIG", str(server.kubeconfig(tmp_path)))
    yield server
    server.close()


@pytest.fixture
def cluster(api):
    return connect("shop", patience_s=0.2)
