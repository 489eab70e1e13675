"""Actions of known providers whose effect stays until somebody takes it back, in an experiment that does not."""

from collections.abc import Iterator, Mapping
from typing import Any

from chaosproof.experiment.method_actions import function_of
from chaosproof.json_access import mappings, text
from chaosproof.review.documents import Document
from chaosproof.review.facts.action_words import is_undo, tokens
from chaosproof.review.finding import Finding
from chaosproof.review.rules.base import Rule

# last part of the module and function -> what takes it back
_STAYS = {
    "scale_deployment": "scale it back",
    "scale_statefulset": "scale it back",
    "cordon_node": "uncordon_node",
    "drain_nodes": "uncordon_node",
    "taint_nodes": "take the taint away",
    "deny_all_ingress": "remove the network policy",
    "deny_all_egress": "remove the network policy",
    "create_network_policy": "remove_network_policy",
    "add_latency": "delete_fault",
    "create_toxic": "delete_toxic",
    "disable_proxy": "enable_proxy",
    "stop_instance": "start_instances",
    "stop_instances": "start_instances",
    "stop_vm": "start_vm",
    "stop_machines": "start_machines",
    "detach_volume": "attach_volume",
    "stop_container": "start the container",
}
_STAYING_COMMANDS = (
    {"tc", "qdisc", "add"},
    {"iptables", "DROP"},
    {"nft", "add"},
    {"docker", "stop"},
    {"docker", "pause"},
)


def _examine(document: Document) -> Iterator[Finding]:
    rollbacks = mappings(document.experiment.get("rollbacks"))
    for position, activity in enumerate(document.method):
        step = _taken_back_by(activity)
        later = document.method[position + 1 :]
        if step and not any(map(_takes_back, (*rollbacks, *later))):
            yield Finding(
                code="needs-rollback",
                severity="warning",
                message=f"the effect of the action {text(activity.get('name'))!r} stays, and no rollback takes it back",
                pointer=document.pointer_of(activity),
                next_step=f"add it to `rollbacks` ({step}), and run with --rollback-strategy always",
            )


def _taken_back_by(activity: Mapping[str, Any]) -> str:
    if activity.get("type") != "action":
        return ""
    if step := _STAYS.get(function_of(activity).rpartition(".")[2]):
        return step
    called = tokens(activity, with_name=False)
    return next(
        (
            "the same command, undone"
            for command in _STAYING_COMMANDS
            if {word.lower() for word in command} <= called
        ),
        "",
    )


def _takes_back(activity: Mapping[str, Any]) -> bool:
    return is_undo(activity) or bool(
        tokens(activity) & {"scale", "remove", "delete", "del", "untaint", "attach"}
    )


RULE = Rule(
    codes={"needs-rollback": "The effect of an action stays, and no rollback takes it back."},
    reads="experiment",
    examine=_examine,
)
