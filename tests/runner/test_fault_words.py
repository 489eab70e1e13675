"""A word that a fault does not know is refused before anything is started, with the nearest that it does."""

import pytest

from chaosproof.runner.fault_words import fault_word_mistakes


def mistakes(
    func: str, arguments: dict[str, object], module: str = "chaosproof.actions.network"
) -> list[str]:
    provider = {
        "type": "python",
        "module": module,
        "func": func,
        "arguments": {"instance": "web-0", **arguments},
    }
    content = {"method": [{"type": "action", "name": "cut", "provider": provider}]}
    return [*fault_word_mistakes(content, {"whom": "clent", "way": "ingress"})]


@pytest.mark.parametrize(
    ("func", "arguments", "sentence"),
    [
        ("reset", {"sides": "clent"}, "'cut': sides is 'clent': did you mean client?"),
        ("reset", {"sides": "${whom}"}, "'cut': sides is 'clent': did you mean client?"),
        ("reset", {"sides": ""}, "'cut': sides is '': known are both, client, server"),
        ("reset", {"sides": ["client"]}, "'cut': sides is ['client']: did you mean client?"),
        ("drop", {"direction": "ingres"}, "'cut': direction is 'ingres': did you mean ingress?"),
        ("drop", {"port_side": 7}, "'cut': port_side is 7: known are destination, source"),
    ],
)
def test_a_word_that_a_fault_does_not_know(func: str, arguments: dict[str, object], sentence: str) -> None:
    assert mistakes(func, arguments) == [sentence]


@pytest.mark.parametrize(
    "arguments",
    [{}, {"sides": "client", "direction": "${way}"}, {"sides": "${known_to_the_toolkit}"}, {"protocol": ""}],
)
def test_what_a_fault_knows_or_only_the_toolkit_does_is_no_mistake(arguments: dict[str, object]) -> None:
    assert mistakes("reset", arguments) == []


def test_what_is_no_fault_of_ours_is_not_looked_at() -> None:
    assert mistakes("reset", {"sides": "clent"}, module="somebody.else") == []
    assert mistakes("heal", {"sides": "clent"}) == []
