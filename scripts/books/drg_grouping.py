"""Write the tables by which stays are grouped into DRGs, from the data of drgpy.

Usage: python scripts/books/drg_grouping.py FOLDER_OF_RUNTIME_DATA TABLE_5.txt

The folder has drgpy's v40.json.xz and later; table 5 is the text of a final rule. What a label of
the definitions is called here is in drg_roles.csv, and what a group needs besides an operation or a
principal diagnosis of its list in drg_rules.csv.
"""

import csv
import gzip
import json
import lzma
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
DATA = HERE.parents[1] / "server/healthsim/billing/data"
VERSIONS = ("v40", "v41", "v41.1", "v42", "v42.1", "v43", "v43.1")
LISTED = ("817", "829", "003")  # groups whose list of operations is a part of all operations
YEAR = "2026"  # of table 5
Version = dict[str, Any]


def history(values: Iterable[str]) -> str:
    """Return the values of the versions as "version:value" where they change."""
    text, last = [], ""
    for number, value in enumerate(values):
        if value != last:
            text.append(f"{number}:{value}")
            last = value
    return " ".join(text)


class Roles:
    """What the labels of the definitions are called here."""

    def __init__(self) -> None:
        with (HERE / "drg_roles.csv").open(encoding="utf-8", newline="") as file:
            self._names = {(row["family"], row["label"]): (row["role"], int(row["counts"]))
                           for row in csv.DictReader(file)}  # fmt: skip

    def of(self, label: str, usual: str) -> str:
        """Return the role of a label, as family.role, with how often it counts where not once."""
        family, text = label.split("|")[:2]
        role, counts = self._names.get((family, text), (usual, 1))
        return f"{family[:3]}.{role}" + (f"={counts}" if counts > 1 else "")


def diagnosis_kind(labels: list[str], roles: Roles) -> str:
    """Return the MDC of a diagnosis and its roles; "-" marks those of a principal one only."""
    areas = [label[4:] for label in labels if label.startswith("_MDC") and "_PDX" not in label]
    named = set[str]()
    for label in labels:
        if label == "_MDC24_PDX":
            named.add("-24.principal")
        elif label.startswith("_TRAUMA24_SITE_"):
            named.add("24." + label.removeprefix("_TRAUMA24_SITE_").lower())
        elif label == "_MDC25":
            named.add("-25.principal")
        elif not label.startswith("_"):
            text = label.split("|")[1]
            only = "PDX" in text and "PDX OR SDX" not in text
            only |= text == "ACUTE COR PULMONALE"
            secondary = "SDX" in text and not any(one in text for one in ("PSDX", "PDX OR SDX"))
            mark = "+" if secondary and not only else "-" if only else ""
            named.add(mark + roles.of(label, "principal"))
    own = [area for area in areas if area != "25"] or areas
    return " ".join([own[0] if own else "", *sorted(named)])


def procedure_kind(code: str, version: Version, roles: Roles) -> str:
    """Return what a procedure is by itself: an operation, extensive, and its roles in families."""
    named = {roles.of(label, "operation") for label in version["prmap"].get(code, ())
             if label.count("|") == 1}  # fmt: skip
    listed = version["orpcsmap"].get(code)
    if listed:
        named |= {"or"} | ({"extensive"} if code not in version["neoormap"] else set())
        named |= {f"{drg}.or" for drg in LISTED if drg in listed}
    return " ".join(sorted(named))


def clusters(version: Version, roles: Roles) -> set[str]:
    """Return what procedures are together: the codes, then the role."""
    return {
        "+".join(sorted({code, *label.split("|")[2:]})) + "\t" + roles.of(label, "operation")
        for code, labels in version["prmap"].items()
        for label in labels
        if label.count("|") > 1
    }


def severity(code: str, version: Version, collection: Mapping[str, str]) -> str:
    """Return level, collection of principal diagnoses, and marks of a complication."""
    facts = version["ccmap"].get(code)
    if facts is None:
        return ""
    suppressed = sorted(version["suppressed"].get(code, ()))
    marks = ("a" if facts["aowa"] else "") + ("h" if facts["hac"] else "")
    parts = (facts["level"][0], collection.get(facts["pdx"], ""), marks, ",".join(suppressed))
    return "/".join(parts).rstrip("/")


def write(name: str, lines: Iterable[str]) -> None:
    """Write lines in the order of their bytes, compressed, the same bytes each time."""
    text = "".join(line + "\n" for line in sorted(lines)).encode()
    (DATA / name).write_bytes(gzip.compress(text, 9, mtime=0))


def tabled(
    name: str, kinds_name: str, codes: Iterable[str], kinds: Callable[[str], list[str]]
) -> None:
    """Write codes with the number of their kind, and the kinds."""
    found = {code: kinds(code) for code in sorted(codes)}
    counted = Counter(kind for each in found.values() for kind in each if kind)
    number = {kind: str(place) for place, (kind, _) in enumerate(sorted(
        counted.items(), key=lambda item: (-item[1], item[0])), 1)}  # fmt: skip
    write(name, (f"{code}\t{history(number.get(kind, '0') for kind in each)}"
                 for code, each in found.items()))  # fmt: skip
    write(kinds_name, (f"{place}\t{kind}" for kind, place in number.items()))


def collections(
    versions: list[Version],
) -> tuple[list[dict[str, str]], dict[str, list[frozenset[str]]]]:
    """Return the name of each version's collections, and of each principal diagnosis its names.

    A collection of an earlier version has the name of a later one that says the same of the
    diagnoses which the earlier one knows.
    """
    names: list[dict[str, str]] = [{} for _ in versions]
    contents: dict[str, frozenset[str]] = {}
    for place in range(len(versions) - 1, -1, -1):
        known = frozenset(versions[place]["dxmap"])
        own: dict[frozenset[str], str] = {}
        later = {content & known: name for name, content in sorted(contents.items(), reverse=True)}
        for key, listed in sorted(versions[place]["exmap"].items()):
            content = frozenset(listed) & known
            name = later.get(content) or own.get(content)
            if name is None:
                name = own[content] = str(len(contents) + 1)
                contents[name] = frozenset(listed)
            names[place][key] = name
    member: dict[str, list[set[str]]] = defaultdict(lambda: [set() for _ in versions])
    for place, named in enumerate(names):
        known = frozenset(versions[place]["dxmap"])
        for key, name in named.items():
            for code in frozenset(versions[place]["exmap"][key]) & known:
                member[code][place].add(name)
    return names, {code: [frozenset(each) for each in groups] for code, groups in member.items()}


class Families:
    """The groups of DRGs that share a rule, and differ by severity."""

    def __init__(self, versions: list[Version], table: Path) -> None:
        self._versions = versions
        self.titles = {drg: facts["desc"].upper() for version in versions
                       for drg, facts in version["drgmap"].items()}  # fmt: skip
        with table.open(encoding="cp1252", errors="replace", newline="") as file:
            self.lines = [
                row for row in csv.reader(file, delimiter="\t") if row and row[0].isdigit()
            ]
        self._area = {row[0]: row[3].strip() for row in self.lines if row[3].strip()}
        self._surgical = self._labelled("prmap")
        with (HERE / "drg_rules.csv").open(encoding="utf-8", newline="") as file:
            self._rules = list(csv.DictReader(file))

    def rows(self) -> list[list[str]]:
        """Return one row for each rule: family, MDC, when, the three groups, rank by version."""
        written = {rule["family"] for rule in self._rules}
        labelled = self._surgical | self._labelled("dxmap")
        usual = [self._usual(family) for family in sorted(labelled - written)]
        rows = [*usual, *self._rules]
        place = {id(rule): (int(rule["before"] or rule["mcc"]), not rule["before"], number)
                 for number, rule in enumerate(rows)}  # fmt: skip
        ordered = sorted(rows, key=lambda rule: place[id(rule)])
        names = ("mdc", "when", "mcc", "cc", "none")
        return [[rule["family"][:3], *(rule[name] for name in names),
                 self._rank(rule["mcc"], 1000 + number)]
                for number, rule in enumerate(ordered)]  # fmt: skip

    def transfers(self) -> list[list[str]]:
        """Return of each group whether transfers are paid per diem, and its mean length of stay."""
        return [[line[0], line[3].strip(), line[1].strip().lower(), line[2].strip().lower(),
                 line[9].strip(), YEAR]
                for line in self.lines if line[4] in ("MED", "SURG")]  # fmt: skip

    def _labelled(self, book: str) -> set[str]:
        return {label.split("|")[0] for version in self._versions
                for labels in version[book].values()
                for label in labels if not label.startswith("_")}  # fmt: skip

    def _usual(self, family: str) -> dict[str, str]:
        groups = family.split("&")
        mcc, cc, none = groups[0], groups[min(1, len(groups) - 1)], groups[-1]
        if len(groups) == 2 and ("CC/MCC" in self.titles[mcc] or "CC OR MCC" in self.titles[mcc]):
            cc = mcc
        when = "operation" if family in self._surgical else "principal"
        return {"family": family, "mdc": self._mdc(groups[0]), "when": when,
                "mcc": mcc, "cc": cc, "none": none, "before": ""}  # fmt: skip

    def _mdc(self, drg: str) -> str:
        if drg in self._area:
            area = self._area[drg]
        else:
            area = self._area[max(one for one in self._area if one < drg)]
        return "PRE" if area == "PRE" else area.zfill(2)

    def _rank(self, drg: str, usual: int) -> str:
        short = drg.lstrip("0")
        ranks = (version["surgical_rank"] for version in self._versions)
        return history(str(rank.get(drg, rank.get(short, usual))) for rank in ranks)


def read(folder: Path) -> list[Version]:
    """Return the data of every version, ready for questions by code."""
    versions: list[Version] = [
        json.loads(lzma.decompress((folder / f"{name}.json.xz").read_bytes())) for name in VERSIONS
    ]
    for earlier in versions[:2]:  # their definitions have no such list: that of v41.1
        earlier["drg_exclusions"] = versions[2]["drg_exclusions"]
    for version in versions:
        version["suppressed"] = defaultdict(set)
        for drg, listed in version["drg_exclusions"].items():
            for code in listed:
                version["suppressed"][code].add(drg)
        version["neoormap"] = set(version["neoormap"])
    return versions


def write_csv(name: str, header: Iterable[str], lines: Iterable[list[str]]) -> None:
    """Write a readable table."""
    with (DATA / name).open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(header)
        out.writerows(lines)


def main(folder: Path, table: Path) -> None:
    """Write every table."""
    versions, roles = read(folder), Roles()

    def codes(book: str) -> set[str]:
        return set().union(*(version[book] for version in versions))

    def diagnosed(code: str) -> list[str]:
        labels = (version["dxmap"].get(code) for version in versions)
        return ["" if each is None else diagnosis_kind(each, roles) for each in labels]

    def done(code: str) -> list[str]:
        return [procedure_kind(code, version, roles) for version in versions]

    tabled("drg_diagnoses.txt.gz", "drg_diagnosis_kinds.txt.gz", codes("dxmap"), diagnosed)
    operations = codes("prmap") | codes("orpcsmap")
    tabled("drg_procedures.txt.gz", "drg_procedure_kinds.txt.gz", operations, done)
    joined = [clusters(version, roles) for version in versions]
    write("drg_clusters.txt.gz", (f"{one}\t{history('01'[one in each] for each in joined)}"
                                  for one in set().union(*joined)))  # fmt: skip
    names, member = collections(versions)
    write("drg_severity.txt.gz", (
        f"{code}\t{history(severity(code, *pair) for pair in zip(versions, names, strict=True))}"
        for code in codes("ccmap")))  # fmt: skip
    tabled("drg_exclusions.txt.gz", "drg_exclusion_kinds.txt.gz", member,
           lambda code: [",".join(sorted(each, key=int)) for each in member[code]])  # fmt: skip
    families = Families(versions, table)
    write_csv("drg_families.csv", ("family", "mdc", "when", "mcc", "cc", "none", "rank"),
              families.rows())  # fmt: skip
    write_csv("drg_transfer.csv", ("drg", "mdc", "post_acute", "special_pay", "amlos_days",
              "fiscal_year"), families.transfers())  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
