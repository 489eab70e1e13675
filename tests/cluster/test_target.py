"""The target on a real cluster: commands, faults, signals, restarts, jobs; in a namespace of the tests' own."""

import time

import pytest

from chaosproof.errors import ChaosproofError, TargetError
from chaosproof.faults.engine import FaultEngine
from chaosproof.faults.model import Fault
from chaosproof.runner.load.job import finish_load, start_load, stop_load
from chaosproof.targets.kubernetes.deploy.cluster_launcher import launch_in_cluster
from chaosproof.targets.system.chosen_system import system_to_run
from tests.cluster.cluster import a_namespace, is_ready, until

pytestmark = [pytest.mark.kubernetes, pytest.mark.timeout(180)]
NAMESPACE = "chaosproof-test-target"
HIT = "app-a-0"


@pytest.fixture(scope="module")
def launched(tmp_path_factory):
    """The gRPC pair of S4, resilient, and the cluster it runs in."""
    system = system_to_run({"system": "chaosproof/demo/grpc/system.yaml"}, "resilient", "s4")
    events = tmp_path_factory.mktemp("events") / "readiness.ndjson"
    with a_namespace(NAMESPACE) as cluster:
        begun = time.monotonic()
        running = launch_in_cluster(system, {"namespace": NAMESPACE}, run="test", events_file=events)
        try:
            yield running, cluster, time.monotonic() - begun
        finally:
            running.take_down()


@pytest.fixture
def target(launched):
    running, _, _ = launched
    until("all is well", lambda: all(one.ready for one in running.target.states().values()), within_s=60)
    return running.target


def _reset(duration_s):
    return Fault(kind="reset", duration_s=duration_s, port=50051)


def _rules(target):
    return target.run(HIT, ["nft", "list", "table", "inet", "chaosproof"]).stdout


def test_from_nothing_deployed_to_steady_state_takes_less_than_a_minute(launched):
    assert launched[2] < 60


def test_instances_have_the_names_of_the_laptop_s(target):
    names = [instance.name for instance in target.instances()]
    assert names == ["app-a-0", "app-a-1", "app-b-0", "app-b-1", "app-b-2"]


def test_a_command_has_its_input_its_outputs_and_its_exit_code(target):
    done = target.run(HIT, ["sh", "-c", "cat; echo bad >&2; exit 3"], stdin="through\nand through")
    assert (done.exit_code, done.stdout, done.stderr) == (3, "through\nand through", "bad\n")


def test_a_command_that_hangs_is_ended_in_the_pod_too(target):
    done = target.run(HIT, ["sleep", "987"], timeout_s=1)
    assert done.exit_code == 124
    assert "987" not in target.run(HIT, ["sh", "-c", "cat /proc/[0-9]*/cmdline"]).stdout.replace("\0", " ")


def test_a_command_that_is_not_there_ends_with_127(target):
    assert target.run(HIT, ["no-such-command"]).exit_code == 127


def test_metrics_and_logs_are_those_of_the_instance(target):
    assert "a_downstream_requests_total" in target.metrics(HIT)
    assert '"instance": "app-a-0"' in target.logs(HIT)


def test_a_reset_bites_at_once_and_the_kernel_ends_it(target):
    engine = FaultEngine(target)
    receipt = engine.arm(_reset(3.0), HIT).apply()
    final = engine.wait_until_ended(receipt)
    assert (final.canary.before, final.canary.during, final.canary.after) == ("open", "refused", "open")
    assert final.packets and final.packets > 0
    assert final.ended_by == "kernel"
    assert abs(final.ended_at - final.expires_at) < 0.5


def test_the_app_has_no_capability_and_the_sidecar_one(target):
    read = ["sh", "-c", "grep CapEff /proc/self/status | cut -f2"]
    assert int(target.run(HIT, read, inside="program").stdout, 16) == 0
    assert int(target.run(HIT, read).stdout, 16) == 1 << 12, "NET_ADMIN alone"


def test_a_kill_is_a_stop_and_the_cluster_starts_it_again(target):
    before = target.states()["app-b-2"]
    target.kill("app-b-2")
    assert not target.states()["app-b-2"].alive
    until("it is back", lambda: target.states()["app-b-2"].ready, within_s=60)
    after = target.states()["app-b-2"]
    assert (after.stops - before.stops, after.deaths - before.deaths) == (1, 0)


def test_a_pause_ends_by_itself(target):
    target.pause("app-b-1", duration_s=2.0)
    begun = time.monotonic()
    assert target.states()["app-b-1"].paused
    until("it goes on", lambda: not target.states()["app-b-1"].paused, within_s=10)
    assert 1.5 < time.monotonic() - begun < 4


def test_a_restart_gives_a_new_pod_of_the_same_name_that_is_ready(target):
    before = target.instance("app-b-0").address
    target.restart("app-b-0")
    state = target.states()["app-b-0"]
    assert (state.ready, state.deaths) == (True, 0)
    assert target.instance("app-b-0").address != before


def test_a_load_in_the_cluster_leaves_its_files_here_whole(target, tmp_path):
    start_load(
        target,
        tmp_path,
        {"url": "http://app-a:8080/api/work", "rate_rps": 50, "connections": 5, "duration_s": 3},
    )
    done = finish_load(target, tmp_path)
    assert (done["complete"], done["recorded"], done["errors"]) == (True, 150, 0)
    assert not list(tmp_path.glob(".*"))


def test_a_load_that_is_stopped_says_so(target, tmp_path):
    start_load(
        target,
        tmp_path,
        {"url": "http://app-a:8080/api/work", "rate_rps": 50, "connections": 5, "duration_s": 60},
    )
    stop_load(target, tmp_path)
    assert '"stopped_by": "SIGTERM"' in (tmp_path / "load-done.json").read_text()


def test_a_load_whose_pod_is_deleted_is_told_as_that(launched, target, tmp_path):
    _, cluster, _ = launched
    start_load(
        target,
        tmp_path,
        {"url": "http://app-a:8080/api/work", "rate_rps": 50, "connections": 5, "duration_s": 60},
    )
    labels = "app.kubernetes.io/managed-by=chaosproof"
    found = cluster.get(cluster.path("pods"), labelSelector=labels)["items"]
    # those of the loads before may still be going
    (pod,) = [one for one in found if is_ready(one)]
    cluster.delete(cluster.path("pods", pod["metadata"]["name"]), gracePeriodSeconds=0)
    try:
        done = finish_load(target, tmp_path)
    except ChaosproofError as error:
        assert "was deleted" in str(error) or "ended" in str(error)
    else:
        # it was given the time to say so itself
        assert (done["complete"], done["stopped_by"]) == (False, "SIGTERM")
    until(
        "nothing of it is left",
        lambda: (
            not cluster.get(
                cluster.path("configmaps"), labelSelector="app.kubernetes.io/managed-by=chaosproof"
            )["items"]
        ),
        within_s=20,
    )


def test_an_unknown_instance_is_named_with_those_there_are(target):
    with pytest.raises(TargetError, match=r"There is no instance 'app-a-9'; there are: app-a-0, app-a-1"):
        target.run("app-a-9", ["true"])
