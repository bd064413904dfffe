"""How Neo4j Browser draws a data set: a style (GraSS) that tells modalities and hyperedge types apart, and captions by name.

Browser takes rules in their order, the later over the earlier; for a label that has no rule it makes one behind all others. So
`Entity` and `Hyperedge`, which every node has beside its own label, have rules, and theirs come first. The style is written in
Browser's JSON form, in which nothing can be mistaken for anything else.
"""

import colorsys
import json
from collections.abc import Sequence

_GOLDEN = 0.618033988749895
"""Steps of this share of the circle of hues never meet, and each is far from the last ones."""
_HALF = 0.5
"""The hues of hyperedge types lie between those of modalities."""
_ENTITY = {"diameter": "70px", "font-size": "10px", "border-width": "2px"}
_HYPEREDGE = {"diameter": "52px", "font-size": "8px", "border-width": "1px"}
_GREY = "#a5abb6"


def colours(modalities: Sequence[str], hyperedge_types: Sequence[str]) -> dict[str, str]:
    """A colour of its own for each label, as ``#rrggbb``, by its place alone: strong for entities, pale for hyperedges."""
    strong = {label: _hex(*_rgb(place, 0.62, 0.65)) for place, label in enumerate(modalities)}
    pale = {label: _hex(*_rgb(place + _HALF, 0.87, 0.65)) for place, label in enumerate(hyperedge_types)}
    return {**strong, **pale}


def grass(modalities: Sequence[str], hyperedge_types: Sequence[str], relation_types: Sequence[str] = ()) -> str:
    """The style as JSON on one line.

    Parameters
    ----------
    modalities, hyperedge_types
        Labels of what is drawn.
    relation_types
        Intra-modal relations; they are drawn thicker than a membership, with their names.
    """
    own = colours(modalities, hyperedge_types)
    rules = {
        "node": {"color": _GREY, **_text_and_border(_GREY), **_ENTITY, "caption": "{name}"},
        "node.Entity": {"color": _GREY, **_text_and_border(_GREY), **_ENTITY, "caption": "{name}"},
        "node.Hyperedge": {"color": _GREY, **_text_and_border(_GREY), **_HYPEREDGE, "caption": "Hyperedge"},
    }
    for label in modalities:
        rules[f"node.{label}"] = {"color": own[label], **_text_and_border(own[label]), **_ENTITY, "caption": "{name}"}
    for label in hyperedge_types:
        rules[f"node.{label}"] = {"color": own[label], **_text_and_border(own[label]), **_HYPEREDGE, "caption": label}
    line = {
        "color": _GREY,
        "font-size": "8px",
        "padding": "0px",
        "text-color-external": "#000000",
        "text-color-internal": "#ffffff",
    }
    rules["relationship"] = {**line, "shaft-width": "1px", "caption": "<type>"}
    rules["relationship.MEMBER"] = {**line, "shaft-width": "1px", "caption": ""}
    for relation in relation_types:
        rules[f"relationship.{relation}"] = {**line, "shaft-width": "2px", "caption": "<type>"}
    return json.dumps(rules)


def _rgb(place: float, lightness: float, saturation: float) -> tuple[float, float, float]:
    # Hues that are near each other are some places apart, and so of another lightness.
    return colorsys.hls_to_rgb((0.58 + place * _GOLDEN) % 1, lightness - 0.07 * (int(place) % 3), saturation)


def _hex(red: float, green: float, blue: float) -> str:
    return f"#{round(255 * red):02x}{round(255 * green):02x}{round(255 * blue):02x}"


def _text_and_border(colour: str) -> dict[str, str]:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    luminance = 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2
    # Where black and white are read equally well, by the contrast of WCAG 2.
    text = "#000000" if luminance > 0.179 else "#ffffff"
    return {"border-color": _hex(0.8 * red, 0.8 * green, 0.8 * blue), "text-color-internal": text}
