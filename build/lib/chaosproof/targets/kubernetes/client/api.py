"""The API server of one cluster, and one namespace of it: plain JSON in and out, every refusal in one sentence.

Built on the official client's own connection (`kubernetes.client.ApiClient`): kubeconfig, context, certificates, tokens
and in-cluster credentials are found as kubectl finds them. Its generated classes are left alone, because they expect
one version's fields, and a cluster may be older or newer.

Try: python -c "from chaosproof.targets.kubernetes.client.api import connect; print(connect('default').get('/version'))"
"""

import http.client
import json
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import urllib3
from kubernetes import client, config
from kubernetes.config.config_exception import ConfigException

from chaosproof.errors import TargetError, UsageError

__all__ = ["FORBIDDEN", "Cluster", "NotFound", "Refused", "connect", "refused"]

FORBIDDEN = 403
_JSON = "application/json"
_PATIENCE_S = 10.0
_RETRY_S = 0.2


class Refused(TargetError):
    """The API server answered, and said no; `status` is its HTTP status."""

    def __init__(self, sentence: str, status: int) -> None:
        super().__init__(sentence)
        self.status = status


class NotFound(Refused):
    """There is no such object."""


class Cluster:
    """One API server and one namespace. Thread-safe: it keeps nothing but its connections.

    `patience_s` is how long an API server that does not answer is asked again, as while it is restarted.
    """

    def __init__(self, configuration: Any, namespace: str, *, patience_s: float = _PATIENCE_S) -> None:
        self.namespace = namespace
        self.configuration = configuration
        self.patience_s = patience_s
        self._api = client.ApiClient(configuration)
        self._pool = self._api.rest_client.pool_manager

    @property
    def host(self) -> str:
        """The API server's address, for a person."""
        return str(self.configuration.host)

    def path(self, kind: str, name: str = "", *, group: str = "") -> str:
        """The path of objects of this namespace: `path("pods", "web-0")`, `path("jobs", group="batch/v1")`."""
        root = f"/apis/{group}" if group else "/api/v1"
        return f"{root}/namespaces/{self.namespace}/{kind}" + (f"/{name}" if name else "")

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        """The object, or the list, at `path`. Raises `Refused`, or `TargetError` when nobody answers."""
        return self._json("GET", path, query)

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Create an object. Raises as `get` does."""
        return self._json("POST", path, {}, body)

    def patch(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Merge `body` into an object (strategic merge patch). Raises as `get` does."""
        return self._json("PATCH", path, {}, body, "application/strategic-merge-patch+json")

    def delete(self, path: str, **query: Any) -> bool:
        """Delete an object; False when there is none. Raises as `get` does."""
        try:
            self._json("DELETE", path, query)
        except NotFound:
            return False
        return True

    def text(self, path: str, **query: Any) -> str:
        """What is at `path`, as text: a log, or a page behind the proxy."""
        return self._ask("GET", path, query).decode("utf-8", errors="replace")

    def lines(self, path: str, *, idle_s: float, **query: Any) -> Iterator[bytes]:
        """The lines of an answer that goes on, such as a watch, until it ends or is silent for `idle_s`."""
        response = self._send("GET", path, query, timeout_s=idle_s)
        try:
            waiting = b""
            for chunk in response.stream(65536):
                *whole, waiting = (waiting + chunk).split(b"\n")
                yield from (line for line in whole if line)
        except (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError) as error:
            raise TargetError(f"The watch of {self.host}{path} broke: {error}.") from error
        finally:
            response.close()

    def headers(self) -> dict[str, str]:
        """What says who we are, for a connection that is not made by this object."""
        headers: dict[str, str] = {}
        self._api.update_params_for_auth(headers, [], ["BearerToken"], "", "GET", None)
        return headers

    def _json(self, *request: Any) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self._ask(*request) or b"{}")
        return value

    def _ask(self, method: str, path: str, *rest: Any) -> bytes:
        response = self._send(method, path, *rest)
        try:
            return bytes(response.read())
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise TargetError(
                f"The API server {self.host} broke off its answer to {method} {path}: {error}."
            ) from error
        finally:
            response.release_conn()

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any],
        body: Mapping[str, Any] | None = None,
        content_type: str = _JSON,
        timeout_s: float = 30.0,
    ) -> Any:
        headers = {"Accept": "application/json, */*", "Content-Type": content_type, **self.headers()}
        text = urlencode([(key, value) for key, value in query.items() if value is not None])
        given_up_at = time.monotonic() + self.patience_s
        while True:
            try:
                response = self._pool.request(
                    method,
                    f"{self.host}{path}{'?' if text else ''}{text}",
                    headers=headers,
                    body=None if body is None else json.dumps(body),
                    timeout=urllib3.Timeout(connect=5.0, read=timeout_s),
                    retries=False,
                    preload_content=False,
                )
            except (urllib3.exceptions.HTTPError, OSError) as error:
                if time.monotonic() > given_up_at:
                    raise TargetError(
                        f"The API server {self.host} cannot be reached: {_short_reason(error)}. "
                        "Is the cluster up, and is the kubeconfig's context the right one?"
                    ) from error
            else:
                if response.status < 400:
                    return response
                refusal = refused(f"{method} {path}", response.status, response.read())
                response.release_conn()
                # While it starts, an API server answers 5xx and knows nobody's rights.
                if response.status < 500 or time.monotonic() > given_up_at:
                    raise refusal
            time.sleep(_RETRY_S)


def connect(namespace: str, context: str | None = None, *, patience_s: float = _PATIENCE_S) -> Cluster:
    """The cluster of the kubeconfig's `context` (default: its current one), or of this pod's service account.

    `UsageError` when there is no usable kubeconfig. Nothing is asked of the cluster yet.
    """
    configuration = client.Configuration()
    try:
        # Named here: the library looks at KUBECONFIG only once, when it is imported.
        config.load_kube_config(  # type: ignore[no-untyped-call]
            config_file=_kubeconfig(), context=context, client_configuration=configuration
        )
    except ConfigException as error:
        try:
            config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
        except ConfigException:
            raise UsageError(_no_kubeconfig(context, str(error))) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"The kubeconfig {_kubeconfig()} cannot be read: {error}.") from error
    configuration.retries = False
    return Cluster(configuration, namespace, patience_s=patience_s)


def refused(request: str, status: int, body: bytes | str | None, what: str = "it") -> Refused:
    """What a refusal says: the `message` of the API server's Status, else the first of its text.

    `what` is what a person reads of a request that is not allowed.
    """
    text = body.decode("utf-8", errors="replace") if isinstance(body, bytes) else body or ""
    try:
        message = json.loads(text)["message"]
    except (ValueError, KeyError, TypeError):
        message = text.strip()[:200] or "no reason given"
    sentence = f"{message} ({status})"
    if status == FORBIDDEN:
        needed = "docs/reference/kubernetes.md lists the verbs that are needed"
        sentence = f"The cluster does not allow {what}: {sentence}. {needed}."
    elif status == 401:
        sentence = f"The cluster does not know who is asking: {sentence}. Renew the kubeconfig's credentials."
    else:
        sentence = f"The API server refused {request}: {sentence}."
    return (NotFound if status == 404 else Refused)(sentence, status)


def _kubeconfig() -> str:
    return os.environ.get("KUBECONFIG") or str(Path("~/.kube/config").expanduser())


def _no_kubeconfig(context: str | None, why: str) -> str:
    where = _kubeconfig()
    if not any(Path(file).is_file() for file in where.split(":") if file):
        return (
            f"There is no kubeconfig: {where} does not exist, and this is not a pod. Set KUBECONFIG, or make a "
            "cluster (kind create cluster)."
        )
    return f"The kubeconfig {where} cannot be used{f' with context {context}' if context else ''}: {why}."


def _short_reason(reason: object) -> str:
    text = str(reason)
    for mark in ("Connection refused", "timed out", "Name or service not known", "CERTIFICATE_VERIFY_FAILED"):
        if mark in text:
            return mark
    return text.splitlines()[0] if text else type(reason).__name__
