import json
import re

from pipeline.report.grass import colours, grass

MODALITIES = [f"Kind{number}" for number in range(12)]
TYPES = [f"Type{number}" for number in range(8)]


def test_every_label_has_a_colour_of_its_own() -> None:
    own = colours(MODALITIES, TYPES)
    assert set(own) == {*MODALITIES, *TYPES}
    assert all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in own.values())
    assert len(set(own.values())) == len(own)
    # Many kinds more change nothing of those that are there.
    assert {label: colours([*MODALITIES, "New"], TYPES)[label] for label in own} == own


def test_colours_differ_so_that_one_sees_it() -> None:
    values = list(colours(MODALITIES[:8], TYPES[:6]).values())
    rgb = [[int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in values]
    distances = [
        sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) ** 0.5 for at, one in enumerate(rgb) for other in rgb[:at]
    ]
    assert min(distances) > 25


def drawn(style: dict[str, dict[str, str]], *labels: str) -> dict[str, str]:
    """What Browser makes of the rules for a node with these labels: those that fit, the later over the earlier."""
    properties: dict[str, str] = {}
    for selector, rule in style.items():
        tag, *needed = selector.split(".")
        if tag == "node" and set(needed) <= set(labels):
            properties |= rule
    return properties


def test_the_second_label_colours_and_captions_a_node() -> None:
    style = json.loads(grass(["Film", "Actor"], ["Making"], ["LIKE"]))
    own = colours(["Film", "Actor"], ["Making"])
    for label in ("Film", "Actor"):
        assert drawn(style, "Entity", label)["color"] == own[label]
        assert drawn(style, "Entity", label)["caption"] == "{name}"
    making = drawn(style, "Hyperedge", "Making")
    assert (making["color"], making["caption"]) == (own["Making"], "Making")
    assert making["diameter"] < drawn(style, "Entity", "Film")["diameter"]


def test_no_label_is_left_to_a_rule_that_browser_would_make_behind_all_others() -> None:
    style = json.loads(grass(["Film"], ["Making"]))
    for label in ("Entity", "Hyperedge", "Film", "Making"):
        assert {"color", "caption"} <= style[f"node.{label}"].keys()


def test_text_is_read_on_its_ground() -> None:
    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    for selector, rule in json.loads(grass(MODALITIES, TYPES)).items():
        if selector.startswith("node."):
            ground, text = sorted((luminance(rule["color"]), luminance(rule["text-color-internal"])))
            assert (text + 0.05) / (ground + 0.05) >= 4.5, selector
