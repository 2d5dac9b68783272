"""The table that comes out."""

import dataclasses


@dataclasses.dataclass
class Row:
    figure: str
    ours: str
    against: str
    ratio: str
    goal: str
    load: str
    limit: str


HEAD = ["figure", "weir", "against", "ratio or value", "goal", "load", "what limits it"]


def markdown(rows, about):
    lines = [about, "", "| " + " | ".join(HEAD) + " |", "| " + " | ".join("---" for _ in HEAD) + " |"]
    for row in rows:
        cells = [str(cell).replace("|", "/") for cell in dataclasses.astuple(row)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def write_between(path, begin, end, text):
    """Replaces what stands between two marker lines of a file."""
    content = path.read_text(encoding="utf-8")
    head, rest = content.split(begin, 1)
    _, tail = rest.split(end, 1)
    path.write_text(f"{head}{begin}\n{text}{end}{tail}", encoding="utf-8")
