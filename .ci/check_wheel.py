"""Check that the wheel carries the notebooks, the sample data, rules and words."""

import sys
import zipfile

WANTED = (
    "bouncekit/bundled/notebooks/bounce_report.ipynb",
    "bouncekit/bundled/notebooks/clean_the_list.ipynb",
    "bouncekit/bundled/notebooks/explore_thresholds.ipynb",
    "bouncekit/bundled/notebooks/why_did_it_bounce.ipynb",
    "bouncekit/plots/fonts/bouncekit-sans-sc.ttf",
    "bouncekit/reporting/notebooks-zh.toml",
    "bouncekit/bundled/sample/README.md",
    "bouncekit/taxonomy.toml",
    "bouncekit/providers.toml",
    "bouncekit/py.typed",
)

names = set(zipfile.ZipFile(sys.argv[1]).namelist())
missing = [name for name in WANTED if name not in names]
if missing:
    sys.exit(f"the wheel lacks {', '.join(missing)}")
rules = sum(name.startswith("bouncekit/rules/") and name.endswith(".toml") for name in names)
print(f"{len(names)} files, {rules} rule files, notebooks and sample data are in the wheel")
